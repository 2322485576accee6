import type { SidecarSet } from "../../api/sidecarset.ts";
import { canaryBaseOf } from "../canary.ts";
import { podNamesOf } from "./conflicts.ts";

/** Names that SidecarSets add to Pods, with the SidecarSets that add them. */
export class Claims {
  /** Most names have one claimant, which then is no set. */
  readonly #claimants = new Map<string, string | Set<string>>();

  /** @param sidecarSet One whose name has no claims yet. */
  add(sidecarSet: SidecarSet): void {
    const { name = "" } = sidecarSet.metadata;
    for (const claim of claimsOf(sidecarSet)) {
      const known = this.#claimants.get(claim);
      if (known === undefined) this.#claimants.set(claim, name);
      else if (typeof known === "string") this.#claimants.set(claim, new Set([known, name]));
      else known.add(name);
    }
  }

  /** @param sidecarSet The state that was added. */
  remove(sidecarSet: SidecarSet): void {
    const { name = "" } = sidecarSet.metadata;
    for (const claim of claimsOf(sidecarSet)) {
      const known = this.#claimants.get(claim);
      if (known === name) this.#claimants.delete(claim);
      else if (known instanceof Set && known.delete(name) && known.size === 0) {
        this.#claimants.delete(claim);
      }
    }
  }

  /** For each name that this SidecarSet adds and others add too, the names of those; it can be among them. */
  claimants(sidecarSet: SidecarSet): ReadonlySet<string>[] {
    return [...claimsOf(sidecarSet)].flatMap((claim) => this.#of(claim) ?? []);
  }

  /** Names of the canaries of a SidecarSet. */
  canariesOf(name: string): ReadonlySet<string> {
    return this.#of(canaryClaim(name)) ?? new Set();
  }

  #of(claim: string): ReadonlySet<string> | undefined {
    const known = this.#claimants.get(claim);
    return typeof known === "string" ? new Set([known]) : known;
  }
}

function claimsOf(sidecarSet: SidecarSet): Set<string> {
  const { containers = [], initContainers = [], volumes = [], patchPodMetadata = [] } =
    sidecarSet.spec;
  const base = canaryBaseOf(sidecarSet);
  return new Set([
    ...containers.flatMap((each) => [each.name, ...podNamesOf(each, "containers")]),
    ...initContainers.flatMap((each) => [each.name, ...podNamesOf(each, "initContainers")]),
    ...volumes.map(({ name }) => `volume/${name}`),
    ...patchPodMetadata.flatMap(({ annotations = {}, labels = {} }) => [
      ...Object.keys(annotations).map((key) => `annotation/${key}`),
      ...Object.keys(labels).map((key) => `label/${key}`),
    ]),
    ...(base === undefined ? [] : [canaryClaim(base)]),
  ]);
}

function canaryClaim(base: string): string {
  return `canary/${base}`;
}

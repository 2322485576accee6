import type { SidecarSet } from "../../api/sidecarset.ts";
import { canaryBaseOf } from "../canary.ts";
import { Multimap } from "../multimap.ts";
import { podNamesOf } from "./conflicts.ts";

/** Names that SidecarSets add to Pods, with the SidecarSets that add them. */
export class Claims {
  readonly #claimants = new Multimap();

  /** @param sidecarSet One whose name has no claims yet. */
  add(sidecarSet: SidecarSet): void {
    const { name = "" } = sidecarSet.metadata;
    for (const claim of claimsOf(sidecarSet)) this.#claimants.add(claim, name);
  }

  /** @param sidecarSet The state that was added. */
  remove(sidecarSet: SidecarSet): void {
    const { name = "" } = sidecarSet.metadata;
    for (const claim of claimsOf(sidecarSet)) this.#claimants.delete(claim, name);
  }

  /** For each name that this SidecarSet adds and others add too, the names of those; it can be among them. */
  claimants(sidecarSet: SidecarSet): ReadonlySet<string>[] {
    return [...claimsOf(sidecarSet)].flatMap((claim) => this.#claimants.get(claim) ?? []);
  }

  /** Names of the canaries of a SidecarSet. */
  canariesOf(name: string): ReadonlySet<string> {
    return this.#claimants.get(canaryClaim(name)) ?? new Set();
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

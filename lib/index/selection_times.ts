import { isDeepStrictEqual } from "node:util";
import type { ObservedPod } from "../core/observed_pod.ts";
import { canaryBaseOf } from "../core/canary.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { selectionKey } from "../core/registration/selection.ts";
import { effectiveSinceOf } from "../core/status/effective_since.ts";

interface SelectionTime {
  /** In milliseconds, truncated to seconds like the creation of a Pod. */
  readonly second: number;
  readonly version: number;
}

/**
 * When selections appeared, as far as this process has seen it. The API server truncates times to seconds; within one
 * second, the resourceVersions of a Pod and of a selection decide which is older.
 */
export class SelectionTimes {
  readonly #byName = new Map<string, SelectionTime>();

  apply(state: PreparedSidecarSet, known: PreparedSidecarSet | undefined): void {
    if (known && sameObject(known, state) && sameSelection(known, state)) return;
    const { metadata, status } = state.sidecarSet;
    const isFirst = metadata.generation === 1 && status?.observedGeneration === undefined;
    const at = metadata.generation === 1 ? metadata.creationTimestamp : state.specWrittenAt;
    const time = { second: Date.parse(at ?? ""), version: Number(metadata.resourceVersion) };
    if (known !== undefined || isFirst) this.#byName.set(state.name, time);
    else this.#byName.delete(state.name);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  /** Whether a Pod was created in the same second as the selection and before it; false if unknown. */
  isOlder({ metadata }: ObservedPod, sidecarSet: string): boolean {
    const selection = this.#byName.get(sidecarSet);
    return selection !== undefined &&
      Date.parse(metadata.creationTimestamp ?? "") === selection.second &&
      Number(metadata.resourceVersion) < selection.version;
  }
}

/** Since when selections have been effective; cached per state of a SidecarSet, because it costs a hash. */
export class EffectiveTimes {
  readonly #known = new WeakMap<PreparedSidecarSet, { readonly since: string | undefined }>();

  of(prepared: PreparedSidecarSet): string | undefined {
    const known = this.#known.get(prepared);
    if (known !== undefined) return known.since;
    const since = effectiveSinceOf(prepared, prepared.sidecarSet.status);
    this.#known.set(prepared, { since });
    return since;
  }
}

/** Whether two SidecarSets select the same Pods. */
export function sameSelection(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return selectionKey(a) === selectionKey(b);
}

function sameObject(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return a.sidecarSet.metadata.uid === b.sidecarSet.metadata.uid;
}

/** Whether every Pod has the same class for both states; most updates are of the status. */
export function classifiesAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return a.hash === b.hash && a.hashWithoutImage === b.hashWithoutImage &&
    a.patchHash === b.patchHash &&
    a.sidecarSet.metadata.uid === b.sidecarSet.metadata.uid &&
    effectiveSinceOf(a, a.sidecarSet.status) === effectiveSinceOf(b, b.sidecarSet.status) &&
    a.hasResize === b.hasResize && resizePolicyOf(a) === resizePolicyOf(b) &&
    // Plain init containers are in no hash, but may be the only proof of injection.
    isDeepStrictEqual(a.sidecarSet.spec.initContainers, b.sidecarSet.spec.initContainers) &&
    selectsAlike(a, b);
}

function resizePolicyOf({ sidecarSet: { spec } }: PreparedSidecarSet): string {
  return spec.updateStrategy?.resizePolicy ?? "Never";
}

/** Whether both states select the same Pods, and take the same ones from a base SidecarSet. */
export function selectsAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return canaryBaseOf(a.sidecarSet) === canaryBaseOf(b.sidecarSet) && sameSelection(a, b);
}

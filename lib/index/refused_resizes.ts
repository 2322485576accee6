import type { ObservedPod } from "../core/observed_pod.ts";
import type { PreparedSidecarSet, RefusedResizes } from "../core/prepared.ts";
import type { ChangeFeed } from "./changes.ts";
import { type PodIndex, podKey } from "./pods.ts";

interface Refusal {
  readonly uid: string | undefined;
  /** Of the Pod's spec that was to be changed. */
  readonly generation: number | undefined;
  readonly message: string;
}

/** Resizes that the API server has refused, until the Pod's or the SidecarSet's spec changes. */
export class RefusedResizeIndex implements RefusedResizes {
  /** With the hash of the SidecarSet's spec that has the resources; by Pod. */
  readonly #bySidecarSet = new Map<string, { hash: string; pods: Map<string, Refusal> }>();

  messageOf(
    pod: ObservedPod,
    { name, hash }: Pick<PreparedSidecarSet, "name" | "hash">,
  ): string | undefined {
    const known = this.#bySidecarSet.get(name);
    if (known?.hash !== hash) return undefined;
    const found = known.pods.get(podKey(pod));
    const { uid, generation } = pod.metadata;
    return found?.uid === uid && found?.generation === generation ? found?.message : undefined;
  }

  /** A refusal for another spec of the SidecarSet replaces those for the last one. */
  add(
    { name, hash }: Pick<PreparedSidecarSet, "name" | "hash">,
    { pod, ...refusal }: Refusal & { readonly pod: string },
  ): void {
    const last = this.#bySidecarSet.get(name);
    const known = last?.hash === hash ? last : { hash, pods: new Map<string, Refusal>() };
    this.#bySidecarSet.set(name, known);
    known.pods.set(pod, refusal);
  }

  deletePod(pod: string): void {
    for (const { pods } of this.#bySidecarSet.values()) pods.delete(pod);
  }

  deleteSidecarSet(name: string): void {
    this.#bySidecarSet.delete(name);
  }
}

/** Records that the API server refuses the resize of a Pod, which is not upgradable then, and publishes it. */
export function applyRefusedResize(
  index: {
    readonly revisions: { readonly refusedResizes: RefusedResizeIndex };
    readonly pods: Pick<PodIndex, "get" | "reclassify">;
    readonly changes: Pick<ChangeFeed, "publish">;
  },
  { pod, prepared, message }: {
    readonly pod: ObservedPod;
    readonly prepared: Pick<PreparedSidecarSet, "name" | "hash">;
    readonly message: string;
  },
): void {
  const { revisions: { refusedResizes }, pods, changes } = index;
  const key = podKey(pod);
  const known = pods.get(key);
  if (known === undefined || known.metadata.uid !== pod.metadata.uid) return;
  const { uid, generation } = known.metadata;
  refusedResizes.add(prepared, { pod: key, uid, generation, message });
  pods.reclassify(key, true);
  changes.publish({ kind: "finding", sidecarSets: [prepared.name] });
}

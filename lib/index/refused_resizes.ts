import type { ObservedPod } from "../core/observed_pod.ts";
import type { PreparedSidecarSet, RefusedResizes } from "../core/prepared.ts";
import type { ChangeFeed } from "./changes.ts";
import { type PodIndex, podKey } from "./pods.ts";

interface Refusal {
  readonly pod: string;
  readonly uid: string | undefined;
  /** Of the Pod's spec that was to be changed. */
  readonly generation: number | undefined;
  /** Of the SidecarSet's spec that has the resources. */
  readonly hash: string;
  readonly message: string;
}

/** Resizes that the API server has refused, until the Pod's or the SidecarSet's spec changes. */
export class RefusedResizeIndex implements RefusedResizes {
  readonly #bySidecarSet = new Map<string, Map<string, Refusal>>();

  messageOf(
    pod: ObservedPod,
    { name, hash }: Pick<PreparedSidecarSet, "name" | "hash">,
  ): string | undefined {
    const known = this.#bySidecarSet.get(name);
    if (known === undefined) return undefined;
    const found = known.get(podKey(pod));
    const { uid, generation } = pod.metadata;
    return found?.uid === uid && found?.generation === generation && found?.hash === hash
      ? found.message
      : undefined;
  }

  add(sidecarSet: string, refusal: Refusal): void {
    const known = this.#bySidecarSet.get(sidecarSet) ?? new Map<string, Refusal>();
    this.#bySidecarSet.set(sidecarSet, known.set(refusal.pod, refusal));
  }

  /** Forgets what no Pod has any more, and what another spec of the SidecarSet has replaced. */
  retain(sidecarSet: string, isKept: (refusal: Refusal) => boolean): void {
    const known = this.#bySidecarSet.get(sidecarSet) ?? new Map<string, Refusal>();
    for (const [key, refusal] of known) if (!isKept(refusal)) known.delete(key);
    if (known.size === 0) this.#bySidecarSet.delete(sidecarSet);
  }
}

/** Records that the API server refuses the resize of a Pod, which is not upgradable then, and publishes it. */
export function applyRefusedResize(
  index: {
    readonly revisions: { readonly refusedResizes: RefusedResizeIndex };
    readonly pods: Pick<PodIndex, "get" | "reclassify">;
    readonly changes: Pick<ChangeFeed, "publish">;
  },
  { pod, prepared: { name, hash }, message }: {
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
  refusedResizes.retain(
    name,
    (each) => each.hash === hash && pods.get(each.pod)?.metadata.uid === each.uid,
  );
  refusedResizes.add(name, { pod: key, uid, generation, hash, message });
  pods.reclassify([key]);
  changes.publish({ kind: "finding", sidecarSets: [name] });
}

import type { Pod } from "../../api/pod.ts";
import { podPatches } from "../annotations/pod_patches.ts";

/**
 * The Pod with its own parts as they were before SidecarSets patched them.
 *
 * @param isUndone whether to undo the patches of a SidecarSet; all of them when absent
 * @returns the same reference if nothing is recorded
 */
export function unpatched(pod: Pod, isUndone: (sidecarSet: string) => boolean = () => true): Pod {
  const undone = [...podPatches(pod)].filter(([name]) => isUndone(name)).map(([, each]) => each);
  if (undone.length === 0) return pod;
  const before = new Map(undone.flatMap(({ labels = {} }) => Object.entries(labels)));
  return before.size === 0
    ? pod
    : { ...pod, metadata: { ...pod.metadata, labels: restored(pod, before) } };
}

function restored(
  { metadata: { labels } }: Pod,
  before: ReadonlyMap<string, string | null>,
): Record<string, string> {
  const all = new Map<string, string | null>([...Object.entries(labels ?? {}), ...before]);
  return Object.fromEntries(
    [...all].filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

import type { Pod } from "../../api/pod.ts";
import { podPatches } from "../annotations/pod_patches.ts";
import type { ObservedPod } from "../observed_pod.ts";

type Labels = NonNullable<Pod["metadata"]["labels"]>;

/**
 * The Pod with its own parts as they were before SidecarSets patched them.
 *
 * @param isUndone whether to undo the patches of a SidecarSet; all of them when absent
 * @returns the same reference if nothing is recorded
 */
export function unpatched(pod: Pod, isUndone?: (sidecarSet: string) => boolean): Pod {
  const labels = unpatchedLabels(pod, isUndone);
  return labels === undefined || labels === pod.metadata.labels
    ? pod
    : { ...pod, metadata: { ...pod.metadata, labels } };
}

/**
 * The Pod's labels as they were before SidecarSets patched them.
 *
 * @param isUndone whether to undo the patches of a SidecarSet; all of them when absent
 * @returns the same reference if nothing is recorded; undefined if the Pod has no labels
 */
export function unpatchedLabels(
  pod: ObservedPod,
  isUndone: (sidecarSet: string) => boolean = () => true,
): Labels | undefined {
  const { labels } = pod.metadata;
  const undone = [...podPatches(pod)].filter(([name]) => isUndone(name)).map(([, each]) => each);
  const before = new Map(undone.flatMap(({ labels = {} }) => Object.entries(labels)));
  if (before.size === 0) return labels;
  const all = new Map<string, string | null>([...Object.entries(labels ?? {}), ...before]);
  return Object.fromEntries(
    [...all].filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

import type { SidecarSet } from "../../api/sidecarset.ts";

/** A field whose effect differs from OpenKruise's. */
interface OpenKruiseDifference {
  readonly field: string;
  readonly message: string;
}

/** The fields of a SidecarSet that mean something else than to OpenKruise. */
export function openKruiseDifferences({ spec }: SidecarSet): OpenKruiseDifference[] {
  const { initContainers = [], containers = [], patchPodMetadata = [] } = spec;
  const isRolling = spec.updateStrategy?.type !== "NotUpdate";
  const hasNative = initContainers.some(({ restartPolicy }) => restartPolicy === "Always");
  const sharesVolumes = [...initContainers, ...containers]
    .some(({ shareVolumePolicy }) => shareVolumePolicy?.type === "enabled");
  const differences: [boolean, string, string][] = [
    [
      spec.failurePolicy === undefined,
      "failurePolicy",
      "Pods are created without sidecars while the webhook is unavailable; OpenKruise refuses them",
    ],
    [
      spec.namespace !== undefined && spec.namespaceSelector !== undefined,
      "namespace",
      "it must match in addition to namespaceSelector",
    ],
    [
      patchPodMetadata.length > 0,
      "patchPodMetadata",
      "it applies without an allow-list, except to annotations of Kubernetes and OpenKruise",
    ],
    [
      spec.injectionStrategy?.revision?.policy === "Partial",
      "injectionStrategy.revision.policy",
      "the share of pinned Pods is kept by counting, not by chance",
    ],
    [
      isRolling && hasNative,
      "initContainers",
      "native sidecars of running Pods are upgraded in place, too",
    ],
    [
      sharesVolumes,
      "shareVolumePolicy",
      "the mount of the service account's token is not copied",
    ],
  ];
  return differences.flatMap(([applies, field, message]) => applies ? [{ field, message }] : []);
}

import type { Pod } from "../../api/pod.ts";
import { canaryBaseOf } from "../../core/canary.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { laterLabelFields, maySelectLater } from "../../core/select/label_times.ts";
import { selectsPod } from "../../core/select/pod_selection.ts";
import { effectiveSinceOf } from "../../core/status/effective_since.ts";
import { classifyPod, type PodClass } from "../../core/status/pod_class.ts";
import { type KnownCluster, namespaceOf } from "../cluster/known_cluster.ts";

/** What a Pod of a cluster is to one of its SidecarSets; a canary takes Pods away from its base. */
export function classOf(
  pod: Pod,
  prepared: PreparedSidecarSet,
  cluster: KnownCluster,
): PodClass {
  const { metadata } = pod;
  const namespace = namespaceOf(cluster, metadata.namespace ?? "");
  const place = { labels: metadata.labels ?? {}, namespace };
  const { spec, status = {} } = prepared.sidecarSet;
  if (!selectsPod(spec, place)) return 0;
  const isTakenByCanary = cluster.sidecarSets.some(({ sidecarSet }) =>
    canaryBaseOf(sidecarSet) === prepared.name && selectsPod(sidecarSet.spec, place)
  );
  if (isTakenByCanary) return 0;
  const effectiveSince = effectiveSinceOf(prepared, status);
  // Of a Pod of the same second the controller knows more: whether it counts any.
  const isSameSecond = effectiveSince !== undefined &&
    Date.parse(metadata.creationTimestamp ?? "") === Date.parse(effectiveSince);
  const selectedLater = isSameSecond && !status.missedPods || maySelectLater(spec, {
    pod: { ...metadata, managedFields: laterLabelFields(metadata) },
    namespace: namespace.labelTimes,
  });
  return classifyPod(pod, prepared, {
    selected: true,
    selectedLater,
    excluded: cluster.excludedNamespaces?.includes(metadata.namespace ?? "") ?? false,
    ...(effectiveSince ? { effectiveSince } : {}),
  });
}

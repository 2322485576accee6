import type { Pod } from "../../api/pod.ts";
import { readUpdatedImages } from "../../core/annotations/updated_images.ts";
import { canaryBaseOf } from "../../core/canary.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { upgradability } from "../../core/rollout/upgradable.ts";
import { laterLabelFields, maySelectLater } from "../../core/select/label_times.ts";
import { selectsPod } from "../../core/select/pod_selection.ts";
import { effectiveSinceOf } from "../../core/status/effective_since.ts";
import { hasMainEnded } from "../../core/status/containers.ts";
import { classifyPod, type PodClass } from "../../core/status/pod_class.ts";
import { inPlaceChange } from "../../core/status/in_place.ts";
import { hasCurrentRecord } from "../../core/status/record.ts";
import { recordedResize } from "../../core/status/resize.ts";
import { strippedPart } from "../../core/status/drift.ts";
import { type KnownCluster, namespaceOf } from "../cluster/known_cluster.ts";

/** Classifies a Pod for a SidecarSet; a canary takes its Pods from the base SidecarSet. */
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
  // For a Pod of the same second, the controller's count of missed Pods decides.
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

/** State of an injected Pod relative to the current revision. */
export interface UpdateState {
  readonly state:
    | "UpToDate"
    | "Completed"
    | "Upgradable"
    | "InFlight"
    | "Resizing"
    | "NotUpgradable"
    | "Stripped";
  /** Explanation of the state. */
  readonly message: string;
}

/** Compares the recorded revision of an injected Pod with the current SidecarSet. */
export function updateStateOf(pod: Pod, prepared: PreparedSidecarSet): UpdateState {
  const stripped = strippedPart(pod, prepared);
  if (stripped !== undefined) {
    return {
      state: "Stripped",
      message: `${stripped}: configure that webhook to keep injected containers unchanged, ` +
        "and recreate the Pod",
    };
  }
  if (hasCurrentRecord(pod, prepared) && recordedResize(pod, prepared.name) === undefined) {
    return { state: "UpToDate", message: "the Pod has the current revision" };
  }
  if (hasMainEnded(pod)) {
    return {
      state: "Completed",
      message: "its main containers have terminated, so it is not upgraded",
    };
  }
  const found = upgradability(pod, prepared);
  switch (found.kind) {
    case "Upgradable":
      return { state: found.kind, message: upgradableText(pod, prepared) };
    case "Resizing":
      return { state: found.kind, message: `${found.reason}: ${found.message}` };
    case "InFlight":
      return {
        state: found.kind,
        message: `the upgrade of container ${found.container} is in progress`,
      };
    case "NotUpgradable":
      return {
        state: found.kind,
        message: `not upgradable in place: ${found.message}${
          imagesText(pod, prepared)
        }; recreate the Pod`,
      };
  }
}

/** Which revision's images the Pod has, if these were updated without the rest. */
function imagesText(pod: Pod, { name }: PreparedSidecarSet): string {
  const updated = readUpdatedImages(pod).get(name);
  if (updated === undefined) return "";
  const { controllerRevision, bySidecar } = updated;
  const images = [...bySidecar].map(([sidecar, image]) => `${sidecar} ${image}`).join(", ");
  const revision = controllerRevision === ""
    ? "a newer revision"
    : `revision ${controllerRevision}`;
  return `; only its images are those of ${revision} (${images})`;
}

function upgradableText(pod: Pod, prepared: PreparedSidecarSet): string {
  const change = inPlaceChange(pod, prepared);
  const isResize = change.kind === "Upgradable" && change.resizes.size > 0;
  return isResize
    ? "only images and resources differ: upgradable in place"
    : "only images differ: upgradable in place";
}

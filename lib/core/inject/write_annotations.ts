import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../api/names.ts";
import type { Pod, UpgradeSpec } from "../../api/pod.ts";
import {
  versionAltAnnotation,
  versionAnnotation,
  workingContainers,
  workingContainersText,
} from "../annotations/hot_upgrade.ts";
import { injectedListText, injectedSidecarSets } from "../annotations/injected_list.ts";
import { rfc3339 } from "../rfc3339.ts";
import { readUpgradeSpecs, upgradeSpecsText } from "../annotations/upgrade_specs.ts";
import { pointerToken } from "../json/pointer.ts";
import { DEFAULT_CONTAINER_ANNOTATION, defaultContainer } from "./default_container.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

export interface RecordOptions {
  /** With the annotations that `patchPodMetadata` sets. */
  readonly pod: Pod;
  readonly now: Date;
  /** SidecarSets that the Pod does not get: records of them have been copied from another Pod. */
  readonly skipped: readonly string[];
}

/**
 * The annotations that record an injection, added to those of earlier ones, and the one that keeps kubectl on the Pod's own container (D-11).
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:buildSidecars`.
 */
export function recordInjection(
  admitted: readonly { readonly plan: SidecarSetPlan }[],
  { pod, now, skipped }: RecordOptions,
): ReadonlyMap<string, string> {
  const read = readUpgradeSpecs(pod);
  const full = new Map(read.ok ? read.value.full : []);
  const withoutImage = new Map(read.ok ? read.value.withoutImage : []);
  const listed = new Set(injectedSidecarSets(pod));
  for (const name of skipped) {
    full.delete(name);
    withoutImage.delete(name);
    listed.delete(name);
  }
  const updateTimestamp = rfc3339(now);
  const records = new Map<string, string>();
  for (const { plan } of admitted) {
    const { hash, hashWithoutImage, revisionName } = plan.prepared;
    const common = {
      updateTimestamp,
      sidecarSetName: plan.name,
      sidecarList: [...plan.sidecarList],
    };
    full.set(plan.name, { ...common, hash, ...revisionOf(revisionName) });
    withoutImage.set(plan.name, { ...common, hash: hashWithoutImage });
    listed.add(plan.name);
  }
  records.set(HASH_ANNOTATION, upgradeSpecsText(full));
  records.set(HASH_WITHOUT_IMAGE_ANNOTATION, upgradeSpecsText(withoutImage));
  records.set(INJECTED_LIST_ANNOTATION, injectedListText(listed));
  const plans = admitted.map(({ plan }) => plan);
  recordHotUpgrade(plans, { pod, records });
  const container = defaultContainer(pod, plans);
  if (container !== undefined) records.set(DEFAULT_CONTAINER_ANNOTATION, container);
  return records;
}

/** The operations that bring the Pod's annotations to the values in `changes`. */
export function writeAnnotations(
  pod: Pod,
  changes: ReadonlyMap<string, string>,
): JsonPatchOperation[] {
  if (changes.size === 0) return [];
  const { annotations } = pod.metadata;
  if (!annotations) {
    return [{ op: "add", path: "/metadata/annotations", value: Object.fromEntries(changes) }];
  }
  const operations: JsonPatchOperation[] = [];
  for (const [key, value] of changes) {
    const present = ownMember(annotations, key);
    if (present === value) continue;
    const path = `/metadata/annotations/${pointerToken(key)}`;
    operations.push({ op: present === undefined ? "add" : "replace", path, value });
  }
  return operations;
}

function revisionOf(controllerRevision: string): Pick<UpgradeSpec, "controllerRevision"> {
  return controllerRevision === "" ? {} : { controllerRevision };
}

/** The first container of a new pair works, at version 1. */
function recordHotUpgrade(
  plans: readonly SidecarSetPlan[],
  { pod, records }: { pod: Pod; records: Map<string, string> },
): void {
  const pairs = plans.flatMap((plan) => plan.sidecars).filter((each) =>
    each.containers.length === 2
  );
  if (pairs.length === 0) return;
  const working = new Map(workingContainers(pod));
  for (const { sidecar, containers: [first, second] } of pairs) {
    if (first === undefined || second === undefined) continue;
    working.set(sidecar.name, first.name);
    records.set(versionAnnotation(first.name), "1");
    records.set(versionAltAnnotation(first.name), "0");
    records.set(versionAnnotation(second.name), "0");
    records.set(versionAltAnnotation(second.name), "1");
  }
  records.set(WORKING_HOT_UPGRADE_ANNOTATION, workingContainersText(working));
}

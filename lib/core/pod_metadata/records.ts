import type { ObservedPod } from "../observed_pod.ts";
import type { ResourceLists } from "../../api/container.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../api/names.ts";
import type { UpgradeSpec } from "../../api/pod.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import {
  versionAltAnnotation,
  versionAnnotation,
  workingContainers,
  workingContainersText,
} from "../annotations/hot_upgrade.ts";
import { injectedListText, injectedSidecarSets } from "../annotations/injected_list.ts";
import { readResizes, RESIZED_ANNOTATION, resizesText } from "../annotations/resized.ts";
import { readUpgradeSpecs, upgradeSpecsText } from "../annotations/upgrade_specs.ts";
import { compareUtf8 } from "../json/go_json.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { rfc3339 } from "../../api/meta.ts";
import { hasAmounts } from "../quantity/resource_lists.ts";
import {
  DEFAULT_CONTAINER_ANNOTATION,
  defaultContainer,
  type InjectedContainers,
} from "./default_container.ts";

/** What the records of an injection are made from, for one SidecarSet. */
export interface RecordedSidecarSet extends InjectedContainers {
  readonly prepared: PreparedSidecarSet;
  /** As {@linkcode recordedSidecars} returns it. */
  readonly sidecarList: readonly string[];
}

interface RecordOptions {
  /** With the annotations that `patchPodMetadata` sets. */
  readonly pod: ObservedPod;
  readonly now: Date;
  /** SidecarSets that the Pod does not get: their records were copied from another Pod, and are removed. */
  readonly skipped: readonly string[];
}

/**
 * The sidecars that the hash annotations name: containers and native sidecars, sorted, without the suffixes of pairs.
 */
export function recordedSidecars(
  { spec: { containers = [], initContainers = [] } }: SidecarSet,
): readonly string[] {
  const native = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...new Set([...containers, ...native].map(({ name }) => name))].sort(compareUtf8);
}

/**
 * The annotations that record an injection, merged with records of earlier injections, and kubectl's default
 * container if sidecars are placed before the Pod's own (D-11).
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:buildSidecars`.
 */
export function recordInjection(
  injected: readonly RecordedSidecarSet[],
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
  for (const { prepared, sidecarList } of injected) {
    const { name, hashWithoutImage } = prepared;
    const record = recordOf(prepared, { sidecarList, updateTimestamp });
    const { controllerRevision: _inFullOnly, ...common } = record;
    full.set(name, record);
    withoutImage.set(name, { ...common, hash: hashWithoutImage });
    listed.add(name);
  }
  const records = new Map([
    [HASH_ANNOTATION, upgradeSpecsText(full)],
    [HASH_WITHOUT_IMAGE_ANNOTATION, upgradeSpecsText(withoutImage)],
    [INJECTED_LIST_ANNOTATION, injectedListText(listed)],
  ]);
  recordHotUpgrade(injected, { pod, records });
  const container = defaultContainer(pod, injected);
  if (container !== undefined) records.set(DEFAULT_CONTAINER_ANNOTATION, container);
  return records;
}

/**
 * The hash annotations after an in-place upgrade. Entries in the old form get the new one, dated with this upgrade;
 * the annotation without images changes only for those, and after a resize in place. Empty where the Pod's records
 * are not readable. Source: `pkg/controller/sidecarset/sidecarset_processor.go:updatePodSidecarAndHash`.
 *
 * @param now RFC 3339
 */
export function recordUpgrade(
  pod: ObservedPod,
  { prepared, now }: { readonly prepared: PreparedSidecarSet; readonly now: string },
): Map<string, string> {
  const read = readUpgradeSpecs(pod);
  if (!read.ok) return new Map();
  const withoutImage = new Map(read.value.withoutImage);
  const full = new Map(read.value.full);
  const { name, hashWithoutImage } = prepared;
  const sidecarList = recordedSidecars(prepared.sidecarSet);
  const record = recordOf(prepared, { sidecarList, updateTimestamp: now });
  full.set(name, record);
  const texts = new Map([[HASH_ANNOTATION, upgradeSpecsText(dated(full, now))]]);
  const isResized = withoutImage.get(name)?.hash !== hashWithoutImage;
  if (isResized) {
    const { controllerRevision: _inFullOnly, ...common } = record;
    withoutImage.set(name, { ...common, hash: hashWithoutImage });
  }
  if (isResized || [...withoutImage.values()].some((spec) => spec.updateTimestamp === null)) {
    texts.set(HASH_WITHOUT_IMAGE_ANNOTATION, upgradeSpecsText(dated(withoutImage, now)));
  }
  return texts;
}

function recordOf(
  { name, hash, revisionName }: PreparedSidecarSet,
  { sidecarList, updateTimestamp }: {
    readonly sidecarList: readonly string[];
    readonly updateTimestamp: string;
  },
): UpgradeSpec {
  return {
    ...{ updateTimestamp, hash, sidecarSetName: name, sidecarList: [...sidecarList] },
    ...(revisionName === "" ? {} : { controllerRevision: revisionName }),
  };
}

/**
 * The annotation that records new resources of a Pod's containers; empty if there are none. Resources of an earlier
 * record that another client has changed since are dropped.
 *
 * @param change with `isSent` if the resources are not in the Pod's spec yet, so that its generation will be higher
 */
export function recordResize(
  pod: ObservedPod,
  { prepared: { name }, resizes, isSent }: {
    readonly prepared: PreparedSidecarSet;
    readonly resizes: ReadonlyMap<string, ResourceLists>;
    readonly isSent: boolean;
  },
): Map<string, string> {
  if (resizes.size === 0) return new Map();
  const byContainer = new Map<string, ResourceLists>();
  for (const [container, lists] of readResizes(pod).get(name)?.byContainer ?? []) {
    if (hasAmounts(containerOf(pod, container)?.resources, lists)) {
      byContainer.set(container, lists);
    }
  }
  for (const [container, { requests, limits }] of resizes) {
    const known = byContainer.get(container);
    byContainer.set(container, {
      requests: { ...known?.requests, ...requests },
      limits: { ...known?.limits, ...limits },
    });
  }
  const generation = (pod.metadata.generation ?? 0) + Number(isSent);
  return new Map([[RESIZED_ANNOTATION, resizesText(pod, name, { generation, byContainer })]]);
}

function containerOf({ spec: { containers, initContainers = [] } }: ObservedPod, name: string) {
  return [...containers, ...initContainers].find((container) => container.name === name);
}

function dated(specs: ReadonlyMap<string, UpgradeSpec>, now: string): Map<string, UpgradeSpec> {
  return new Map(
    [...specs].map(([name, spec]) => [
      name,
      spec.updateTimestamp === null ? { ...spec, updateTimestamp: now } : spec,
    ]),
  );
}

/** The first container of a new pair works, at version 1. */
function recordHotUpgrade(
  injected: readonly RecordedSidecarSet[],
  { pod, records }: { pod: ObservedPod; records: Map<string, string> },
): void {
  const pairs = injected.flatMap(({ sidecars }) => sidecars).filter((each) =>
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

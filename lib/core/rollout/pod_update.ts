import type { ObservedPod } from "../observed_pod.ts";
import { ownMember } from "../../api/json.ts";
import { preconditionsOf } from "../../api/meta.ts";
import {
  INPLACE_UPDATE_STATE_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../api/names.ts";
import {
  isHotUpgrade,
  workingContainers,
  workingContainersText,
} from "../annotations/hot_upgrade.ts";
import {
  POD_PATCHES_ANNOTATION,
  podPatches,
  podPatchesText,
  withPatchedLabels,
} from "../annotations/pod_patches.ts";
import { UPDATED_IMAGES_ANNOTATION, updatedImagesWithout } from "../annotations/updated_images.ts";
import { patchMetadata, type PresentMetadata } from "../pod_metadata/patch.ts";
import { recordResize, recordUpgrade } from "../pod_metadata/records.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { findContainer, runningSidecars } from "../status/containers.ts";
import {
  STORED_IMAGES_ANNOTATION,
  storedImages,
  storedImagesWithout,
} from "../annotations/image_records.ts";
import { listsWith, type ResizePatch, resizePatch, resizesOf } from "./resize_patch.ts";
import type { Obstacle } from "../reasons.ts";
import { hotUpgradeStep, type ImageChanges } from "./hot_upgrade.ts";
import {
  inPlaceStatesText,
  RESTART_COUNTS_ANNOTATION,
  restartCountsText,
} from "../annotations/inplace_state.ts";

/**
 * Body of one strategic merge patch. uid and resourceVersion are preconditions: the API server refuses it for a
 * recreated or changed Pod.
 */
export interface PodPatch {
  readonly metadata: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    /** Changed annotations; null removes one. */
    readonly annotations: Readonly<Record<string, string | null>>;
    /** Changed labels; absent without any. */
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly containers?: readonly ContainerImage[];
    readonly initContainers?: readonly ContainerImage[];
  };
}

/** New image of a container in a patch. */
export interface ContainerImage {
  readonly name: string;
  readonly image: string;
}

/** The patches that upgrade, flip or repair one Pod; its uid and resourceVersion are preconditions. */
export interface PodUpdate {
  /**
   * `Upgrade` to the current revision, `UpdateImages` to its images only, `Flip` as the second step of a hot upgrade,
   * `Repair` of a drifted image.
   */
  readonly kind: "Upgrade" | "UpdateImages" | "Flip" | "Repair";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Sent before `patch`; absent if no resources change. */
  readonly resize?: ResizePatch;
  readonly patch: PodPatch;
}

/** What an update of a Pod depends on. */
interface UpdateFacts {
  readonly prepared: PreparedSidecarSet;
  /** RFC 3339. */
  readonly now: string;
}

/** The patches of an update, or why they cannot be computed. */
type Patched =
  | { readonly ok: true; readonly patch: PodPatch; readonly resize?: ResizePatch }
  | { readonly ok: false; readonly obstacle: Obstacle };

/**
 * The patches that upgrade a Pod to the current revision: resources first, then images, hash annotations, record of
 * the change, hot-upgrade versions, and metadata patches. Source:
 * `pkg/controller/sidecarset/sidecarset_processor.go:updatePodSidecarAndHash`; it also changes images of native
 * sidecars (B-24), and is a patch instead of a whole Pod (B-22).
 */
export function upgradePatch(pod: ObservedPod, facts: UpdateFacts): Patched {
  const { sidecarSet } = facts.prepared;
  const present: PresentMetadata = {
    annotation: (key) => ownMember(pod.metadata.annotations, key),
    label: (key) => ownMember(pod.metadata.labels, key),
  };
  const metadata = patchMetadata(sidecarSet.spec.patchPodMetadata, present);
  if (!metadata.ok) return metadata;
  const { annotations, labels } = metadata;
  const changes = mergeChanges(
    runningSidecars(sidecarSet).map((sidecar) => {
      if (isHotUpgrade(sidecar)) return hotUpgradeStep(pod, facts.prepared, sidecar);
      const container = findContainer(pod, sidecar.name);
      if (sidecar.image === undefined || container?.image === sidecar.image) return undefined;
      return { images: new Map([[sidecar.name, sidecar.image]]) };
    }),
  );
  const resizes = resizesOf(pod, facts.prepared);
  const resize = resizePatch(pod, resizes);
  const extra = new Map<string, string | null>([
    ...annotations,
    ...labelsRecord(pod, { sidecarSet: facts.prepared.name, labels, before: present.label }),
    ...recordUpgrade(pod, facts),
    ...withoutPartialRecord(pod, facts.prepared.name),
    ...recordResize(pod, { prepared: facts.prepared, resizes, isSent: resize !== undefined }),
  ]);
  return {
    ok: true,
    patch: patchOf(pod, facts, { ...changes, extra, labels }),
    ...(resize === undefined ? {} : { resize }),
  };
}

/** The Pod gets the whole revision. */
function withoutPartialRecord(pod: ObservedPod, sidecarSet: string): [string, string | null][] {
  const text = updatedImagesWithout(pod, sidecarSet);
  return text === undefined ? [] : [[UPDATED_IMAGES_ANNOTATION, text]];
}

/** The annotation that records changed labels. */
function labelsRecord(
  pod: ObservedPod,
  { sidecarSet, labels, before }: {
    readonly sidecarSet: string;
    readonly labels: ReadonlyMap<string, string>;
    before(key: string): string | undefined;
  },
): [string, string | null][] {
  if (labels.size === 0) return [];
  const records = podPatches(pod);
  const record = withPatchedLabels(records.get(sidecarSet), { labels, before });
  return [[POD_PATCHES_ANNOTATION, podPatchesText(new Map([...records, [sidecarSet, record]]))]];
}

/**
 * The patch that only changes images: empties the old halves of a hot upgrade, repairs drifted images, or updates a
 * Pod that cannot get the rest of the revision.
 *
 * @param changes with `extra` annotations
 */
export function imagePatch(
  pod: ObservedPod,
  facts: UpdateFacts,
  { changes, extra = new Map() }: {
    readonly changes: readonly Partial<ImageChanges>[];
    readonly extra?: ReadonlyMap<string, string>;
  },
): PodPatch {
  return patchOf(pod, facts, { ...mergeChanges(changes), extra, labels: new Map() });
}

function mergeChanges(parts: readonly (Partial<ImageChanges> | undefined)[]): ImageChanges {
  return {
    images: new Map(parts.flatMap((part) => [...(part?.images ?? [])])),
    annotations: new Map(parts.flatMap((part) => [...(part?.annotations ?? [])])),
    working: new Map(parts.flatMap((part) => [...(part?.working ?? [])])),
  };
}

function patchOf(
  pod: ObservedPod,
  facts: UpdateFacts,
  changes: ImageChanges & {
    readonly extra: ReadonlyMap<string, string | null>;
    readonly labels: ReadonlyMap<string, string>;
  },
): PodPatch {
  const { images, annotations, working, extra, labels } = changes;
  const desired = new Map(extra);
  const stored = storedImages(pod);
  const replaced = [...images].filter(([name, image]) =>
    stored.has(name) && stored.get(name) !== image
  );
  if (replaced.length > 0) {
    const names = replaced.map(([name]) => name);
    desired.set(STORED_IMAGES_ANNOTATION, storedImagesWithout(pod, names));
  }
  for (const [key, value] of annotations) desired.set(key, value);
  if (working.size > 0) {
    const merged = new Map([...workingContainers(pod), ...working]);
    desired.set(WORKING_HOT_UPGRADE_ANNOTATION, workingContainersText(merged));
  }
  const { name: sidecarSetName, hash: revision } = facts.prepared;
  const change = {
    sidecarSetName,
    updateTimestamp: facts.now,
    changedContainers: [...images.keys()],
  };
  desired.set(INPLACE_UPDATE_STATE_ANNOTATION, inPlaceStatesText(pod, { ...change, revision }));
  desired.set(RESTART_COUNTS_ANNOTATION, restartCountsText(pod, change));
  const present = pod.metadata.annotations ?? {};
  const changed = [...desired].filter(([key, value]) => present[key] !== value);
  const spec = specPatch(pod, images);
  return {
    metadata: {
      ...preconditionsOf(pod),
      annotations: Object.fromEntries(changed),
      ...(labels.size === 0 ? {} : { labels: Object.fromEntries(labels) }),
    },
    ...(spec === undefined ? {} : { spec }),
  };
}

function specPatch(
  pod: ObservedPod,
  images: ReadonlyMap<string, string>,
): PodPatch["spec"] | undefined {
  return listsWith(pod, (container): ContainerImage[] => {
    const image = images.get(container.name);
    return image === undefined ? [] : [{ name: container.name, image }];
  });
}

import { isObject } from "../../api/json.ts";
import type { ManagedFields } from "../../api/meta.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { isHotUpgrade, versionAnnotation, workingContainers } from "../annotations/hot_upgrade.ts";
import { idleRecords, storedImages, storedImagesWith } from "../annotations/image_records.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { FIELD_MANAGER } from "../field_manager.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerNames, findContainer, runningSidecars } from "./containers.ts";
import { hotPair, unfinishedPairs } from "./readiness.ts";
import { hasCurrentRecord, isUnchanged, recordOf } from "./record.ts";

/** An injected container whose image differs from the last stored one. */
interface Drift {
  readonly container: string;
  readonly storedImage: string;
  readonly foundImage: string;
}

/** Result of comparing the images of an updated Pod's sidecars. */
interface ImageAssessment {
  /** Images that another client changed. */
  readonly drift: readonly Drift[];
  /** Images by container that other webhooks changed; to be recorded as stored. */
  readonly rewritten: ReadonlyMap<string, string>;
}

const NOTHING: ImageAssessment = { drift: [], rewritten: new Map() };

/**
 * Compares the images of an updated Pod's sidecars with the last stored ones: recorded in the Pod, or else the
 * SidecarSet's. A different image is drift if another client set it in an update; otherwise a webhook changed it.
 * Without `managedFields` only a Pod of generation 1 proves the latter. Outdated Pods are not compared.
 */
export function assessImages(pod: ObservedPod, prepared: PreparedSidecarSet): ImageAssessment {
  const differing = differences(pod, prepared);
  if (differing.length === 0) return NOTHING;
  const isOwn = ({ container }: Drift) =>
    isUnchanged(pod) || isImageForeign(pod, container) === false;
  const rewritten = differing.filter(isOwn);
  const isUpdated = hasCurrentRecord(pod, prepared);
  const mayDrift = isUpdated && unfinishedPairs(pod, prepared, true).length === 0;
  const drift = mayDrift ? differing.filter((each) => !rewritten.includes(each)) : [];
  return { drift, rewritten: foundImages(rewritten) };
}

/**
 * The annotation that records a Pod's images, as in the response to this program's write or in the first observed
 * state.
 *
 * @param pod whose annotation is extended: the same Pod, or a later state of it
 * @param images by container
 * @returns undefined if there is nothing to record
 */
export function storedImagesRecord(
  pod: ObservedPod,
  images: ReadonlyMap<string, string>,
): string | undefined {
  const known = storedImages(pod);
  const isNew = [...images].some(([container, image]) => known.get(container) !== image);
  return isNew ? storedImagesWith(pod, images) ?? undefined : undefined;
}

/** Images that differ from the desired ones in a Pod that this program just wrote: other webhooks changed them. */
export function rewrittenImages(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
): ReadonlyMap<string, string> {
  return foundImages(differences(pod, prepared));
}

function differences(pod: ObservedPod, prepared: PreparedSidecarSet): Drift[] {
  const stored = storedImages(pod);
  const idle = idleRecords(pod);
  const differing: Drift[] = [];
  for (const [container, image] of desiredImages(pod, prepared)) {
    const storedImage = stored.get(container) ?? image;
    const foundImage = findContainer(pod, container)?.image;
    // The clean-up is responsible for idle images.
    if (foundImage === undefined || foundImage === storedImage || idle.has(container)) continue;
    differing.push({ container, storedImage, foundImage });
  }
  return differing;
}

function foundImages(differing: readonly Drift[]): ReadonlyMap<string, string> {
  return new Map(differing.map(({ container, foundImage }) => [container, foundImage]));
}

/** In an outdated Pod only the empty image is known. An idle half serves until its version marks it as empty. */
function desiredImages(pod: ObservedPod, prepared: PreparedSidecarSet): Map<string, string> {
  const { withoutImage } = recordOf(pod, prepared.name);
  const isCurrent = hasCurrentRecord(pod, prepared);
  const desired = new Map<string, string>();
  if (!isCurrent && withoutImage?.hash !== prepared.hashWithoutImage) return desired;
  const working = workingContainers(pod);
  for (const sidecar of runningSidecars(prepared.sidecarSet)) {
    const isHot = isHotUpgrade(sidecar);
    const pair = hotPair(sidecar.name, working);
    if (isCurrent && sidecar.image !== undefined) {
      desired.set(isHot ? pair.working : sidecar.name, sidecar.image);
    }
    if (!isHot) continue;
    const { hotUpgradeEmptyImage } = sidecar.upgradeStrategy ?? {};
    const isEmpty = pod.metadata.annotations?.[versionAnnotation(pair.idle)] === "0";
    if (isEmpty && hotUpgradeEmptyImage) desired.set(pair.idle, hotUpgradeEmptyImage);
  }
  return desired;
}

/**
 * Parts that other webhooks removed from recorded sidecars of a Pod, without which they or the Pod cannot work. The
 * second call of an injection restores them, but a webhook called later can remove them again.
 *
 * @returns undefined if nothing is missing
 */
export function strippedPart(pod: ObservedPod, prepared: PreparedSidecarSet): string | undefined {
  const { full } = recordOf(pod, prepared.name);
  const recorded = new Set(full?.sidecarList ?? []);
  const { initContainers = [], containers = [] } = prepared.sidecarSet.spec;
  // Plain init containers are not recorded, so a recorded init container is a native sidecar.
  const native = pod.spec.initContainers?.find(({ name, restartPolicy }) =>
    restartPolicy !== "Always" &&
    initContainers.some((sidecar) =>
      recorded.has(sidecar.name) && containerNames(sidecar).includes(name)
    )
  );
  if (native !== undefined) {
    return `init container ${native.name} has lost its restartPolicy Always to another webhook, ` +
      "so the Pod waits in Init for it to end";
  }
  if (full?.hash !== prepared.hash) return undefined;
  const lost = [...initContainers, ...containers].filter(({ name }) => recorded.has(name))
    .flatMap(containerNames)
    .find((name) => findContainer(pod, name) === undefined);
  return lost === undefined
    ? undefined
    : `container ${lost} was injected and then removed by another webhook`;
}

const NONE: ManagedFields = [];
const LISTS = ["containers", "initContainers"] as const;

/**
 * `managedFields` entries of other clients that own images of injected containers, reduced to these fields; empty
 * for most Pods, undefined if the Pod has no `managedFields`.
 */
export function foreignImageFields({ metadata, spec }: ObservedPod): ManagedFields | undefined {
  const { managedFields } = metadata;
  if (!Array.isArray(managedFields) || managedFields.length === 0) return undefined;
  const injected = LISTS.flatMap((list) => {
    const keys = (spec[list] ?? []).filter(isMarkedInjected).map(({ name }) => keyOf(name));
    return keys.length === 0 ? [] : [{ list, keys }];
  });
  if (injected.length === 0) return NONE;
  const entries = managedFields.flatMap(({ manager, fieldsV1 }) => {
    if (manager === FIELD_MANAGER) return [];
    const owned = injected.flatMap(({ list, keys: candidates }) => {
      const keys = candidates.filter((key) => ownsImage(fieldsV1, { list, key }));
      const fields = Object.fromEntries(keys.map((key) => [key, { "f:image": {} }]));
      return keys.length === 0 ? [] : [[`f:${list}`, fields] as const];
    });
    if (owned.length === 0) return [];
    return [{ ...(manager ? { manager } : {}), fieldsV1: { "f:spec": Object.fromEntries(owned) } }];
  });
  return entries.length === 0 ? NONE : entries;
}

/**
 * Whether another client changed the image of an injected container after the Pod's creation. The API server
 * computes owners before it calls webhooks, so fields that webhooks change have no owner.
 *
 * @returns undefined if the Pod has no `managedFields`
 */
function isImageForeign({ metadata: { managedFields } }: ObservedPod, container: string) {
  if (managedFields === undefined) return undefined;
  const key = keyOf(container);
  return managedFields.some(({ manager, fieldsV1 }) =>
    manager !== FIELD_MANAGER && LISTS.some((list) => ownsImage(fieldsV1, { list, key }))
  );
}

function keyOf(container: string): string {
  return `k:${JSON.stringify({ name: container })}`;
}

function ownsImage(fields: unknown, { list, key }: { list: string; key: string }): boolean {
  let node = fields;
  for (const step of ["f:spec", `f:${list}`, key]) {
    if (!isObject(node) || !Object.hasOwn(node, step)) return false;
    node = node[step];
  }
  return isObject(node) && Object.hasOwn(node, "f:image");
}

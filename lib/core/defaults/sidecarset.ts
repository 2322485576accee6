import { isObject } from "../../api/json.ts";
import { withoutNulls } from "../../api/read.ts";
import { hashSidecarSet, withHashAnnotations } from "../revision/hash.ts";
import { defaultCoreContainer, defaultFieldRef } from "./core_container.ts";
import { changeEach, changeObject, fillAbsent, fillZero, type JsonRecord } from "./fill.ts";
import { defaultVolume } from "./volume.ts";

/**
 * Applies the defaults of OpenKruise's webhook. Fields that OpenKruise does not have get none, so that stored
 * objects and hashes stay equal to OpenKruise's.
 *
 * @param sidecarSet JSON of either version without nulls, valid or not: parts of another type stay as they are
 * @returns the same reference if nothing is missing; the input is never changed
 * @see `apis/apps/defaults/v1beta1.go:SetDefaultsSidecarSetV1beta1`
 */
export function applyDefaults<T extends JsonRecord>(sidecarSet: T): T {
  return changeObject(sidecarSet, { field: "spec", change: defaultSpec });
}

function defaultSpec(spec: JsonRecord): JsonRecord {
  let result = fillAbsent(spec, { updateStrategy: {}, revisionHistoryLimit: 10 });
  result = changeObject(result, { field: "updateStrategy", change: updateStrategy });
  result = changeEach(result, { field: "initContainers", change: initContainer });
  result = changeEach(result, { field: "containers", change: container });
  result = changeEach(result, { field: "volumes", change: defaultVolume });
  result = changeEach(result, { field: "patchPodMetadata", change: retain });
  return changeObject(result, { field: "injectionStrategy", change: injectionStrategy });
}

function updateStrategy(strategy: JsonRecord): JsonRecord {
  const typed = fillZero(strategy, { type: "RollingUpdate" });
  return fillAbsent(typed, { maxUnavailable: 1, partition: 0 });
}

function container(sidecar: JsonRecord): JsonRecord {
  return defaultContainer(sidecar, defaultInjectPolicies.containers);
}

function initContainer(sidecar: JsonRecord): JsonRecord {
  return defaultContainer(sidecar, defaultInjectPolicies.initContainers);
}

function retain(patch: JsonRecord): JsonRecord {
  return fillZero(patch, { patchPolicy: "Retain" });
}

function injectionStrategy(strategy: JsonRecord): JsonRecord {
  return changeObject(strategy, { field: "revision", change: always });
}

function always(revision: JsonRecord): JsonRecord {
  return fillZero(revision, { policy: "Always" });
}

/** Default place of a sidecar: before the Pod's own containers, but after its init containers. */
const defaultInjectPolicies = {
  containers: "BeforeAppContainer",
  initContainers: "AfterAppContainer",
} as const;

/**
 * The defaults of one sidecar: its own and those of a core container. A startup probe gets none, as in OpenKruise:
 * they would change the hash.
 *
 * @see `apis/apps/defaults/v1beta1.go:setDefaultSidecarContainer`, `setDefaultContainer`
 */
export function defaultContainer(
  container: JsonRecord,
  podInjectPolicy: string,
): JsonRecord {
  let result = fillZero(container, { podInjectPolicy, upgradeStrategy: {}, shareVolumePolicy: {} });
  result = changeObject(result, { field: "upgradeStrategy", change: coldUpgrade });
  result = changeObject(result, { field: "shareVolumePolicy", change: disabled });
  result = changeEach(result, { field: "transferEnv", change: sourceFieldRef });
  return defaultCoreContainer(result);
}

function coldUpgrade(strategy: JsonRecord): JsonRecord {
  return fillZero(strategy, { upgradeType: "ColdUpgrade" });
}

function disabled(policy: JsonRecord): JsonRecord {
  return fillZero(policy, { type: "disabled" });
}

/** A source without fieldRef is reported by validation; OpenKruise crashes (B-25). */
function sourceFieldRef(transfer: JsonRecord): JsonRecord {
  return changeObject(transfer, { field: "sourceContainerNameFrom", change: defaultFieldRef });
}

/**
 * The SidecarSet with all defaults of the CustomResourceDefinition and the defaulting webhook. Files and old
 * revisions have passed neither, and every reader must see the same object.
 *
 * @param value any JSON; nulls count as absent, and parts of another type stay as they are
 * @returns the same reference if nothing is missing; the input is never changed
 */
export function completeSidecarSet(value: unknown): unknown {
  const cleaned = withoutNulls(value);
  return isObject(cleaned) ? applyDefaults(applySchemaDefaults(cleaned)) : cleaned;
}

/** Defaults in the CustomResourceDefinition's schema that the webhook does not set. */
function applySchemaDefaults(sidecarSet: JsonRecord): JsonRecord {
  return changeObject(sidecarSet, {
    field: "spec",
    change: (spec) =>
      changeEach(changeEach(spec, { field: "containers", change: targetsAll }), {
        field: "initContainers",
        change: targetsAll,
      }),
  });
}

function targetsAll(container: JsonRecord): JsonRecord {
  return changeObject(container, {
    field: "resourcesPolicy",
    change: (policy) => fillAbsent(policy, { targetContainersNameRegex: ".*" }),
  });
}

/** Which defaults a stored SidecarSet has. */
export interface StoredFormOptions {
  /**
   * Whether to leave the spec without defaults. The hashes are those of the defaulted spec either way.
   * @default false
   */
  readonly omitsDefaults?: boolean;
}

/**
 * The SidecarSet as the defaulting webhook returns it: with defaults, and current hashes in its annotations. It
 * runs before schema validation, so parts of another type stay as they are.
 *
 * @see `pkg/webhook/sidecarset/mutating/sidecarset_create_update_handler.go:Handle`
 */
export function storedForm(
  sidecarSet: JsonRecord,
  { omitsDefaults = false }: StoredFormOptions = {},
): JsonRecord {
  const cleaned = withoutNulls(sidecarSet);
  if (!isObject(cleaned)) return sidecarSet;
  const defaulted = applyDefaults(cleaned);
  const kept = omitsDefaults ? sidecarSet : defaulted;
  const { spec } = defaulted;
  if (!isObject(spec)) return kept;
  const hashes = hashSidecarSet({
    containers: objectsOf(spec.containers),
    initContainers: objectsOf(spec.initContainers),
  });
  return withHashAnnotations(kept, hashes);
}

function objectsOf(value: unknown): JsonRecord[] | undefined {
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}

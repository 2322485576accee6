import type { Container } from "../api/container.ts";
import type { Labels, ManagedFields, ObjectMeta } from "../api/meta.ts";
import {
  CUSTOM_VERSION_LABEL,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  REVISION_OWNER_LABEL,
} from "../api/names.ts";
import type { ControllerRevision } from "../api/objects.ts";
import type { ContainerStatus, Namespace, Pod, PodStatus } from "../api/pod.ts";
import {
  OBSERVED,
  type ObservedContainer,
  type ObservedContainerStatus,
  type ObservedPod,
} from "../core/observed_pod.ts";
import { laterLabelFields } from "../core/select/label_times.ts";
import { foreignImageFields } from "../core/status/drift.ts";

/** Shared by all Pods without fields that are read. */
const NO_FIELDS: ManagedFields = [];

/** What is read of Pods with sidecars. */
const INJECTED = {
  spec: [...OBSERVED.spec, ...OBSERVED.injectedSpec],
  container: [...OBSERVED.container, ...OBSERVED.injectedContainer],
  containerStatus: [...OBSERVED.containerStatus, ...OBSERVED.injectedContainerStatus],
} as const;

const OBSERVED_ENV: ReadonlySet<string> = new Set(OBSERVED.env);
const OBSERVED_CONDITIONS: ReadonlySet<string> = new Set(OBSERVED.conditions);

/** The parts of a Pod that {@linkcode OBSERVED} declares, and those managedFields that a decision reads. */
export function projectPod(pod: Pod): ObservedPod {
  const { metadata, spec, status } = pod;
  const needs = needsOf(metadata);
  const container = (each: Container) => projectContainer(each, needs);
  return {
    metadata: {
      ...pick(metadata, OBSERVED.metadata),
      ...withFields([...laterLabelFields(metadata), ...foreignImageFields(pod) ?? []], metadata),
    },
    spec: {
      containers: (spec.containers ?? []).map(container),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(container) } : {}),
      ...pick(spec, needs.isInjected ? INJECTED.spec : OBSERVED.spec),
    },
    ...(status ? { status: projectStatus(status, needs) } : {}),
  };
}

/** What is read of some Pods only. */
interface Needs {
  /** Start times and the observed generation: after a change in place. */
  readonly wasChanged: boolean;
  /** Resources, for a resize in place: of Pods with sidecars. */
  readonly isInjected: boolean;
}

function needsOf({ annotations = {} }: ObjectMeta): Needs {
  return {
    wasChanged: Object.hasOwn(annotations, INPLACE_UPDATE_STATE_ANNOTATION),
    isInjected: Object.hasOwn(annotations, INJECTED_LIST_ANNOTATION),
  };
}

/** The labels of a namespace, and the managed fields of those that were set after its creation. */
export function projectNamespace({ metadata }: Namespace): Namespace {
  const fields = laterLabelFields(metadata);
  return {
    metadata: {
      ...pick(metadata, ["name", "labels"]),
      ...(fields.length > 0 ? { managedFields: fields } : {}),
    },
  };
}

/**
 * The parts of a ControllerRevision that are read: what orders and identifies it, its owner, and what it records.
 * Writes of a revision are merge patches, which keep the rest.
 */
export function projectRevision(
  { metadata, data, revision }: ControllerRevision,
): ControllerRevision {
  const { labels, annotations, ownerReferences } = metadata;
  const controller = ownerReferences?.find((owner) => owner.controller === true);
  return {
    metadata: {
      ...pick(metadata, ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]),
      ...(labels ? { labels: pick(labels, [REVISION_OWNER_LABEL, CUSTOM_VERSION_LABEL]) } : {}),
      ...(annotations
        ? { annotations: pick(annotations, [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION]) }
        : {}),
      ...(controller ? { ownerReferences: [controller] } : {}),
    },
    ...(data ? { data } : {}),
    revision,
  };
}

/** An empty list means that the object had managed fields, none of which is read. */
function withFields(
  fields: ManagedFields,
  { managedFields }: ObjectMeta,
): Pick<ObjectMeta, "managedFields"> {
  if (fields.length > 0) return { managedFields: fields };
  return managedFields?.length ? { managedFields: NO_FIELDS } : {};
}

function projectContainer(container: Container, { isInjected }: Needs): ObservedContainer {
  const { name } = container;
  const projected = pick(container, isInjected ? INJECTED.container : OBSERVED.container);
  const env = container.env?.filter(({ name }) => OBSERVED_ENV.has(name)) ?? [];
  return env.length > 0 ? { ...projected, name, env } : { ...projected, name };
}

function projectStatus(status: PodStatus, needs: Needs): ObservedPod["status"] & object {
  const { conditions, containerStatuses, initContainerStatuses } = status;
  const read = conditions?.filter(({ type }) => OBSERVED_CONDITIONS.has(type)) ?? [];
  const projected = (each: ContainerStatus) => projectContainerStatus(each, needs);
  return {
    ...pick(status, OBSERVED.status),
    ...(needs.wasChanged ? pick(status, OBSERVED.changedStatus) : {}),
    ...(read.length > 0 ? { conditions: read } : {}),
    ...(containerStatuses ? { containerStatuses: containerStatuses.map(projected) } : {}),
    ...(initContainerStatuses
      ? { initContainerStatuses: initContainerStatuses.map(projected) }
      : {}),
  };
}

function projectContainerStatus(
  status: ContainerStatus,
  { wasChanged, isInjected }: Needs,
): ObservedContainerStatus {
  const { name, image, imageID, ready } = status;
  const { terminated, running } = status.state ?? {};
  const { exitCode = 0 } = terminated ?? {};
  const started = wasChanged && running ? pick(running, OBSERVED.running) : {};
  const state = {
    ...(terminated ? { terminated: { ...pick(terminated, OBSERVED.terminated), exitCode } } : {}),
    ...(running && (isInjected || started.startedAt) ? { running: started } : {}),
  };
  const keys = isInjected ? INJECTED.containerStatus : OBSERVED.containerStatus;
  const projected = { ...pick(status, keys), name, image, imageID, ready };
  return terminated || state.running ? { ...projected, state } : projected;
}

function pick(value: Labels, keys: readonly string[]): Record<string, string>;
function pick<T extends object, K extends keyof T>(
  value: T,
  keys: readonly K[],
): Partial<Pick<T, K>>;
function pick<T extends object, K extends keyof T>(
  value: T,
  keys: readonly K[],
): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {};
  for (const key of keys) {
    if (value[key] !== undefined) picked[key] = value[key];
  }
  return picked;
}

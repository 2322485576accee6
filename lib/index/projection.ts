import type { Container, EnvVar } from "../api/container.ts";
import type { ObjectMeta } from "../api/meta.ts";
import {
  INJECTED_ENV,
  INJECTED_LIST_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  POD_RESIZE_IN_PROGRESS_CONDITION,
  POD_RESIZE_PENDING_CONDITION,
  TERMINATE_ENV,
  TERMINATE_IGNORE_EXIT_CODE_ENV,
  TERMINATE_WITH_IMAGE_ENV,
  TERMINATED_CONDITION,
  UPGRADABLE_CONDITION,
} from "../api/names.ts";
import type { ContainerStatus, Namespace, Pod, PodStatus } from "../api/pod.ts";
import { laterLabelFields } from "../core/select/label_times.ts";
import { foreignImageFields } from "../core/status/drift.ts";

type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

/** Shared by all Pods without fields that are read. */
const NO_FIELDS: ManagedFields = [];

const READ_ENV = new Set([
  INJECTED_ENV,
  TERMINATE_ENV,
  TERMINATE_WITH_IMAGE_ENV,
  TERMINATE_IGNORE_EXIT_CODE_ENV,
]);

const READ_CONDITIONS = new Set([
  "Ready",
  UPGRADABLE_CONDITION,
  TERMINATED_CONDITION,
  POD_RESIZE_PENDING_CONDITION,
  POD_RESIZE_IN_PROGRESS_CONDITION,
]);

/**
 * The fields of a Pod that decisions read; the index keeps nothing else, because most of a Pod is managedFields,
 * probes and mounts. All annotations stay: `patchPodMetadata` may merge into any of them.
 */
export function projectPod(pod: Pod): Pod {
  const { metadata, spec, status } = pod;
  const needs = needsOf(metadata);
  const container = (each: Container) => projectContainer(each, needs);
  return {
    metadata: {
      ...pick(metadata, ["name", "namespace", "uid", "resourceVersion", "generation"]),
      ...pick(metadata, ["creationTimestamp", "deletionTimestamp"]),
      ...pick(metadata, ["labels", "annotations", "ownerReferences"]),
      ...withFields([...laterLabelFields(metadata), ...foreignImageFields(pod) ?? []], metadata),
    },
    spec: {
      containers: (spec.containers ?? []).map(container),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(container) } : {}),
      ...pick(spec, ["restartPolicy", "nodeName"]),
      ...(needs.isInjected ? pick(spec, ["os", "resources"]) : {}),
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

/** An empty list means that the object had managed fields, none of which is read. */
function withFields(
  fields: ManagedFields,
  { managedFields }: ObjectMeta,
): Pick<ObjectMeta, "managedFields"> {
  if (fields.length > 0) return { managedFields: fields };
  return managedFields?.length ? { managedFields: NO_FIELDS } : {};
}

function projectContainer(container: Container, { isInjected }: Needs): Container {
  const env = container.env?.filter(({ name }: EnvVar) => READ_ENV.has(name)) ?? [];
  return {
    ...pick(container, ["name", "image", "restartPolicy", "restartPolicyRules"]),
    ...(isInjected ? pick(container, ["resources", "resizePolicy"]) : {}),
    name: container.name,
    ...(env.length > 0 ? { env } : {}),
  };
}

function projectStatus(status: PodStatus, needs: Needs): PodStatus {
  const { conditions, containerStatuses, initContainerStatuses } = status;
  const read = conditions?.filter(({ type }) => READ_CONDITIONS.has(type)) ?? [];
  const projected = (each: ContainerStatus) => projectContainerStatus(each, needs);
  return {
    ...pick(status, ["phase", ...(needs.wasChanged ? ["observedGeneration"] as const : [])]),
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
): ContainerStatus {
  const { name, image, imageID, ready } = status;
  const { terminated, running } = status.state ?? {};
  const state = {
    ...(terminated ? { terminated: { exitCode: terminated.exitCode } } : {}),
    ...(wasChanged && running?.startedAt
      ? { running: { startedAt: running.startedAt } }
      : isInjected && running
      ? { running: {} }
      : {}),
  };
  return {
    name,
    image,
    imageID,
    ready,
    ...pick(status, ["started", "restartCount"]),
    ...(isInjected ? pick(status, ["resources"]) : {}),
    ...(Object.keys(state).length > 0 ? { state } : {}),
  };
}

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

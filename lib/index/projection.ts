import type { Container, EnvVar } from "../api/container.ts";
import type { ObjectMeta } from "../api/meta.ts";
import {
  INJECTED_ENV,
  INPLACE_UPDATE_STATE_ANNOTATION,
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

const READ_CONDITIONS = new Set(["Ready", UPGRADABLE_CONDITION, TERMINATED_CONDITION]);

/**
 * The fields of a Pod that decisions read; the index keeps nothing else, because most of a Pod is managedFields,
 * probes, mounts and resources. All annotations stay: `patchPodMetadata` may merge into any of them.
 */
export function projectPod(pod: Pod): Pod {
  const { metadata, spec, status } = pod;
  return {
    metadata: {
      ...pick(metadata, ["name", "namespace", "uid", "resourceVersion", "generation"]),
      ...pick(metadata, ["creationTimestamp", "deletionTimestamp"]),
      ...pick(metadata, ["labels", "annotations", "ownerReferences"]),
      ...withFields([...laterLabelFields(metadata), ...foreignImageFields(pod) ?? []], metadata),
    },
    spec: {
      containers: (spec.containers ?? []).map(projectContainer),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(projectContainer) } : {}),
      ...pick(spec, ["restartPolicy", "nodeName"]),
    },
    ...(status
      ? { status: projectStatus(status, { wasChanged: wasChangedInPlace(metadata) }) }
      : {}),
  };
}

/** Start times and the observed generation are read only after a change in place. */
function wasChangedInPlace({ annotations = {} }: ObjectMeta): boolean {
  return Object.hasOwn(annotations, INPLACE_UPDATE_STATE_ANNOTATION);
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

function projectContainer(container: Container): Container {
  const env = container.env?.filter(({ name }: EnvVar) => READ_ENV.has(name)) ?? [];
  return {
    ...pick(container, ["name", "image", "restartPolicy", "restartPolicyRules"]),
    name: container.name,
    ...(env.length > 0 ? { env } : {}),
  };
}

interface StatusNeeds {
  readonly wasChanged: boolean;
}

function projectStatus(status: PodStatus, needs: StatusNeeds): PodStatus {
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

function projectContainerStatus(status: ContainerStatus, { wasChanged }: StatusNeeds) {
  const { name, image, imageID, ready } = status;
  const { terminated, running } = status.state ?? {};
  const state = {
    ...(terminated ? { terminated: { exitCode: terminated.exitCode } } : {}),
    ...(wasChanged && running?.startedAt ? { running: { startedAt: running.startedAt } } : {}),
  };
  return {
    name,
    image,
    imageID,
    ready,
    ...pick(status, ["started", "restartCount"]),
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

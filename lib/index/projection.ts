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
import { foreignImageFields } from "../core/status/image_owners.ts";

type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

/** Shared by all Pods that have none that matter. */
const NO_FIELDS: ManagedFields = [];

const READ_ENV = new Set([
  INJECTED_ENV,
  TERMINATE_ENV,
  TERMINATE_WITH_IMAGE_ENV,
  TERMINATE_IGNORE_EXIT_CODE_ENV,
]);

const READ_CONDITIONS = new Set(["Ready", UPGRADABLE_CONDITION, TERMINATED_CONDITION]);

/**
 * The Pod without everything that no decision reads: a cluster's Pods are kept in memory as long as the process lives, and most of a Pod is
 * managedFields, probes, mounts and resources. Annotations stay whole: `patchPodMetadata` may read any of them.
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
      containers: (spec.containers ?? []).map(trimContainer),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(trimContainer) } : {}),
      ...pick(spec, ["restartPolicy", "nodeName"]),
    },
    ...(status ? { status: trimStatus(status, { wasChanged: wasChangedInPlace(metadata) }) } : {}),
  };
}

/** Only after a change in place it matters when a container was started and what the kubelet has acknowledged. */
function wasChangedInPlace({ annotations = {} }: ObjectMeta): boolean {
  return Object.hasOwn(annotations, INPLACE_UPDATE_STATE_ANNOTATION);
}

/** The namespace without everything but its labels, and when they were set if that was later than its creation. */
export function projectNamespace({ metadata }: Namespace): Namespace {
  const fields = laterLabelFields(metadata);
  return {
    metadata: {
      ...pick(metadata, ["name", "labels"]),
      ...(fields.length > 0 ? { managedFields: fields } : {}),
    },
  };
}

/** An empty list says that the object had entries, of which none matters. */
function withFields(
  fields: ManagedFields,
  { managedFields }: ObjectMeta,
): Pick<ObjectMeta, "managedFields"> {
  if (fields.length > 0) return { managedFields: fields };
  return managedFields?.length ? { managedFields: NO_FIELDS } : {};
}

function trimContainer(container: Container): Container {
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

function trimStatus(status: PodStatus, needs: StatusNeeds): PodStatus {
  const { conditions, containerStatuses, initContainerStatuses } = status;
  const read = conditions?.filter(({ type }) => READ_CONDITIONS.has(type)) ?? [];
  const trimmed = (each: ContainerStatus) => trimContainerStatus(each, needs);
  return {
    ...pick(status, ["phase", ...(needs.wasChanged ? ["observedGeneration"] as const : [])]),
    ...(read.length > 0 ? { conditions: read } : {}),
    ...(containerStatuses ? { containerStatuses: containerStatuses.map(trimmed) } : {}),
    ...(initContainerStatuses ? { initContainerStatuses: initContainerStatuses.map(trimmed) } : {}),
  };
}

function trimContainerStatus(status: ContainerStatus, { wasChanged }: StatusNeeds) {
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

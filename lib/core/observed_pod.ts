import type { Container } from "../api/container.ts";
import type { ObjectMeta } from "../api/meta.ts";
import {
  INJECTED_ENV,
  POD_RESIZE_IN_PROGRESS_CONDITION,
  POD_RESIZE_PENDING_CONDITION,
  TERMINATE_ENV,
  TERMINATE_WITH_IMAGE_ENV,
  TERMINATED_CONDITION,
  UPGRADABLE_CONDITION,
} from "../api/names.ts";
import type {
  ContainerState,
  ContainerStatus,
  PodCondition,
  PodSpec,
  PodStatus,
} from "../api/pod.ts";

/**
 * What decisions about running Pods read. The index keeps these parts of each Pod and drops the rest, which is most of
 * a Pod: managedFields, probes, mounts, volumes. {@linkcode ObservedPod} follows from this table: a decision that
 * reads another field does not compile, and a field that is added here is kept.
 */
export const OBSERVED = {
  /** All annotations, as `patchPodMetadata` may merge into any of them. */
  metadata: [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "labels",
    "annotations",
    "ownerReferences",
  ],
  spec: ["restartPolicy", "nodeName"],
  /** Of Pods with sidecars, for a resize in place. */
  injectedSpec: ["os", "resources"],
  container: ["name", "image", "restartPolicy", "restartPolicyRules"],
  /** Of Pods with sidecars. */
  injectedContainer: ["resources", "resizePolicy"],
  /** Names of environment variables. */
  env: [INJECTED_ENV, TERMINATE_ENV, TERMINATE_WITH_IMAGE_ENV],
  status: ["phase"],
  /** Of Pods with images that were changed in place. */
  changedStatus: ["observedGeneration"],
  /** Types of conditions. */
  conditions: [
    "Ready",
    UPGRADABLE_CONDITION,
    TERMINATED_CONDITION,
    POD_RESIZE_PENDING_CONDITION,
    POD_RESIZE_IN_PROGRESS_CONDITION,
  ],
  containerStatus: ["name", "image", "imageID", "ready", "started", "restartCount"],
  /** Of Pods with sidecars. */
  injectedContainerStatus: ["resources"],
  terminated: ["exitCode"],
  /** Of Pods with images that were changed in place. */
  running: ["startedAt"],
} as const;

type Declared = { readonly [Part in keyof typeof OBSERVED]: (typeof OBSERVED)[Part][number] };

/** The fields that a type names, without its index signature. */
type NamedKey<T> = keyof { [K in keyof T as string extends K ? never : K]: unknown };

/**
 * A type with some of its fields only. The others are `unknown` rather than absent: a whole object can stand in for an
 * observed one, and never the other way round.
 */
type Only<T, K extends PropertyKey> =
  & Readonly<Pick<T, Extract<K, NamedKey<T>>>>
  & { readonly [P in Exclude<K, NamedKey<T>>]?: unknown }
  & { readonly [P in Exclude<NamedKey<T>, K>]?: unknown };

/** The declared fields of a container; those of injected ones are declared apart. */
export type ObservedContainer = Only<
  Container,
  Declared["container" | "injectedContainer"] | "env"
>;

/** The declared fields of a container status, without times. */
export type ObservedContainerStatus =
  & Only<ContainerStatus, Declared["containerStatus" | "injectedContainerStatus"]>
  & { readonly state?: ObservedState };

/** The state of an observed Pod's container; whether it runs is known of Pods with sidecars. */
export type ObservedState = Only<
  {
    readonly terminated?: Only<NonNullable<ContainerState["terminated"]>, Declared["terminated"]>;
    readonly running?: Only<NonNullable<ContainerState["running"]>, Declared["running"]>;
    readonly waiting?: unknown;
  },
  "terminated" | "running"
>;

/** Metadata of an observed Pod; of its managedFields only the entries that own labels set later, or images. */
export type ObservedMeta = Only<ObjectMeta, Declared["metadata"] | "managedFields">;

/** A Pod as the index keeps it. */
export interface ObservedPod {
  readonly metadata: ObservedMeta;
  readonly spec: Only<PodSpec, Declared["spec" | "injectedSpec"]> & {
    readonly containers: readonly ObservedContainer[];
    readonly initContainers?: readonly ObservedContainer[];
  };
  readonly status?: Only<PodStatus, Declared["status" | "changedStatus"]> & {
    readonly conditions?: readonly PodCondition[];
    readonly containerStatuses?: readonly ObservedContainerStatus[];
    readonly initContainerStatuses?: readonly ObservedContainerStatus[];
  };
}

/** The Pod's condition of a declared type; undefined if it has none. */
export function podCondition(
  { status }: Pick<ObservedPod, "status">,
  type: Declared["conditions"],
): PodCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** The value of a container's declared environment variable; undefined if it has none. */
export function envValue(
  { env }: Pick<ObservedContainer, "env">,
  name: Declared["env"],
): string | undefined {
  return env?.find((variable) => variable.name === name)?.value;
}

/** Orders Pods by namespace and name, as the order of a watch differs from that of a list. */
export function compareByName(
  { metadata: a }: Pick<ObservedPod, "metadata">,
  { metadata: b }: Pick<ObservedPod, "metadata">,
): number {
  if (a.namespace !== b.namespace) return (a.namespace ?? "") < (b.namespace ?? "") ? -1 : 1;
  if (a.name === b.name) return 0;
  return (a.name ?? "") < (b.name ?? "") ? -1 : 1;
}

/** The Pod that messages name as the example of several: the same one before and after a restart. */
export function firstByName(pods: Iterable<ObservedPod>): ObservedPod | undefined {
  let first: ObservedPod | undefined;
  for (const pod of pods) if (first === undefined || compareByName(pod, first) < 0) first = pod;
  return first;
}

import type { Container, LocalObjectReference, Volume } from "./container.ts";
import type { ObjectMeta } from "./meta.ts";
import { MIRROR_POD_ANNOTATION } from "./names.ts";

/** The fields of a core/v1 Pod that the program reads. Types without a schema, as the API server validates Pods. */

/** core/v1 PodSpec. */
export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  imagePullSecrets?: LocalObjectReference[];
  restartPolicy?: string;
  nodeName?: string;
  os?: { name?: string };
  resources?: Container["resources"];
  [field: string]: unknown;
}

/** core/v1 ContainerState: one member at most. */
export interface ContainerState {
  running?: { startedAt?: string };
  terminated?: { exitCode: number; reason?: string; finishedAt?: string };
  waiting?: { reason?: string; message?: string };
}

/** core/v1 ContainerStatus. */
export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  ready: boolean;
  started?: boolean;
  restartCount?: number;
  state?: ContainerState;
  /** What the kubelet has applied; absent on nodes without support for a resize in place. */
  resources?: Container["resources"];
}

/** core/v1 PodCondition. */
export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
  observedGeneration?: number;
}

/** core/v1 PodStatus. */
export interface PodStatus {
  phase?: string;
  observedGeneration?: number;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
  [field: string]: unknown;
}

/** core/v1 Pod. */
export interface Pod {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec: PodSpec;
  status?: PodStatus;
}

/** Whether a Pod is the API server's copy of a static Pod. */
export function isMirrorPod(
  { metadata }: { readonly metadata: Pick<ObjectMeta, "annotations"> },
): boolean {
  return Object.hasOwn(metadata.annotations ?? {}, MIRROR_POD_ANNOTATION);
}

/** core/v1 Namespace. */
export interface Namespace {
  metadata: ObjectMeta;
}

/**
 * Entry of one SidecarSet in a Pod's hash annotations (`pkg/control/sidecarcontrol/util.go:SidecarSetUpgradeSpec`).
 */
export interface UpgradeSpec {
  /** Null if the entry was read from the old form of the annotation; so is the list. */
  updateTimestamp: string | null;
  hash: string;
  sidecarSetName: string;
  sidecarList: string[] | null;
  controllerRevision?: string;
}

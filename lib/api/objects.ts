import type { JsonObject } from "./json.ts";
import type { ObjectMeta } from "./meta.ts";

/**
 * The parts of core Kubernetes kinds that the program reads or writes. Types without a schema, as the API server
 * validates these objects.
 */

/** What every object of the API has. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** core/v1 ObjectReference, as in events. */
export interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
  fieldPath?: string;
}

/** core/v1 ConfigMap. */
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** core/v1 Secret. */
export interface Secret extends KubeObject {
  type?: string;
  /** Values are base64. */
  data?: Record<string, string>;
}

/** coordination.k8s.io/v1; times are RFC 3339 with microseconds. */
export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** events.k8s.io/v1. */
export interface KubeEvent extends KubeObject {
  /** RFC 3339 with microseconds; null where the event came by the core group's version. */
  eventTime: string | null;
  type: "Normal" | "Warning";
  reason: string;
  action: string;
  note: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  reportingController: string;
  reportingInstance: string;
  series?: { count: number; lastObservedTime: string };
  /** Where the event came by the core group's version. */
  deprecatedLastTimestamp?: string;
}

/** A Deployment, ReplicaSet, StatefulSet, DaemonSet or Job. */
export interface Workload extends KubeObject {
  spec?: { replicas?: number; template?: JsonObject; [field: string]: unknown };
  status?: { observedGeneration?: number; [field: string]: unknown };
}

/** apiextensions.k8s.io/v1 CustomResourceDefinition, as far as doctor reads it. */
export interface CustomResourceDefinition extends KubeObject {
  spec?: JsonObject;
  status?: { storedVersions?: string[]; conditions?: { type: string; status: string }[] };
}

/** An apps/v1 ControllerRevision; `data` is a strategic merge patch of the parts of a SidecarSet that get injected. */
export interface ControllerRevision {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  data?: JsonObject;
  revision: number;
}

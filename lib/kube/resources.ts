import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  PolicyObject,
} from "../api/admission_policy.ts";
import type {
  ConfigMap,
  ControllerRevision,
  CustomResourceDefinition,
  KubeEvent,
  KubeObject,
  Lease,
  Secret,
  Workload,
} from "../api/objects.ts";
import { isObject } from "../api/json.ts";
import { GROUP, KIND, PLURAL, STORAGE_VERSION } from "../api/names.ts";
import type { Namespace, Pod } from "../api/pod.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import type { ObjectList } from "./contract.ts";

/** One kind of object, and how to read it from a response. */
export interface Resource<T extends KubeObject> {
  /** "v1" for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** @throws {TypeError} if the value has no metadata, such as a proxy's page */
  read(value: unknown): T;
  /** @throws {TypeError} if the value is not a list of such objects */
  readList(value: unknown): ObjectList<T>;
}

interface ResourceNames {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
}

/** All kinds that the program reads or writes. */
export const resources = {
  /** A stored SidecarSet can be invalid, so `readSidecarSet` reads its type. */
  sidecarSets: resource<KubeObject>({
    apiVersion: `${GROUP}/${STORAGE_VERSION}`,
    kind: KIND,
    plural: PLURAL,
    namespaced: false,
  }),
  pods: resource<Pod>({ apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true }),
  namespaces: resource<Namespace>({
    apiVersion: "v1",
    kind: "Namespace",
    plural: "namespaces",
    namespaced: false,
  }),
  nodes: resource<KubeObject>({
    apiVersion: "v1",
    kind: "Node",
    plural: "nodes",
    namespaced: false,
  }),
  configMaps: resource<ConfigMap>({
    apiVersion: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    namespaced: true,
  }),
  secrets: resource<Secret>({
    apiVersion: "v1",
    kind: "Secret",
    plural: "secrets",
    namespaced: true,
  }),
  events: resource<KubeEvent>({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    plural: "events",
    namespaced: true,
  }),
  leases: resource<Lease>({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    plural: "leases",
    namespaced: true,
  }),
  controllerRevisions: resource<ControllerRevision>({
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    namespaced: true,
  }),
  deployments: workload("apps/v1", "Deployment"),
  replicaSets: workload("apps/v1", "ReplicaSet"),
  statefulSets: workload("apps/v1", "StatefulSet"),
  daemonSets: workload("apps/v1", "DaemonSet"),
  jobs: workload("batch/v1", "Job"),
  mutatingWebhookConfigurations: resource<WebhookConfiguration>({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    plural: "mutatingwebhookconfigurations",
    namespaced: false,
  }),
  validatingWebhookConfigurations: resource<WebhookConfiguration>({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    plural: "validatingwebhookconfigurations",
    namespaced: false,
  }),
  mutatingAdmissionPolicies: resource<MutatingAdmissionPolicy>({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicy",
    plural: "mutatingadmissionpolicies",
    namespaced: false,
  }),
  mutatingAdmissionPolicyBindings: resource<MutatingAdmissionPolicyBinding>({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicyBinding",
    plural: "mutatingadmissionpolicybindings",
    namespaced: false,
  }),
  customResourceDefinitions: resource<CustomResourceDefinition>({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    namespaced: false,
  }),
  /** The installation's ClusterRole owns the webhook configurations, which are cluster-scoped. */
  clusterRoles: resource<KubeObject>({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    plural: "clusterroles",
    namespaced: false,
  }),
} as const;

/** Describes a kind. `T` must be what the API server validates for it. */
export function resource<T extends KubeObject>(names: ResourceNames): Resource<T> {
  return {
    ...names,
    read: readObject<T>,
    readList(value) {
      if (isListOf<T>(value)) return value;
      throw new TypeError(`Cannot read the answer as a list of ${names.kind}: it has no items`);
    },
  };
}

/**
 * Reads an object of a response. The API server has validated the rest of it.
 *
 * @throws {TypeError} if the value has no metadata
 */
export function readObject<T extends KubeObject>(value: unknown): T {
  if (isOfApi<T>(value)) return value;
  throw new TypeError("Cannot read the answer as an object of Kubernetes: it has no metadata");
}

function workload(apiVersion: string, kind: string): Resource<Workload> {
  return resource({ apiVersion, kind, plural: `${kind.toLowerCase()}s`, namespaced: true });
}

function isOfApi<T extends KubeObject>(value: unknown): value is T {
  return isObject(value) && isObject(value.metadata);
}

function isListOf<T extends KubeObject>(value: unknown): value is ObjectList<T> {
  return isOfApi(value) && "items" in value && Array.isArray(value.items) &&
    value.items.every(isOfApi);
}

/** The resource of a webhook configuration, by its kind. */
export function registrationResource(
  kind: WebhookConfiguration["kind"],
): Resource<WebhookConfiguration> {
  return kind === "MutatingWebhookConfiguration"
    ? resources.mutatingWebhookConfigurations
    : resources.validatingWebhookConfigurations;
}

/** The resource of a policy or its binding, by its kind. */
export function policyResource(kind: PolicyObject["kind"]): Resource<PolicyObject> {
  return kind === "MutatingAdmissionPolicy"
    ? resources.mutatingAdmissionPolicies
    : resources.mutatingAdmissionPolicyBindings;
}

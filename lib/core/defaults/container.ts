import { formatQuantity, parseQuantity, roundUpToMilli } from "../quantity/quantity.ts";
import { changeEach, changeObject, fillZero, type JsonRecord } from "./fill.ts";
import { effectiveTag } from "./image_reference.ts";

/** Where a sidecar stands that does not say so: before the Pod's own containers, but after its init containers. */
export const defaultInjectPolicies = {
  containers: "BeforeAppContainer",
  initContainers: "AfterAppContainer",
} as const;

/**
 * The defaults of one sidecar: its own and those of a core container. A startup probe gets none, as in OpenKruise.
 *
 * @see `apis/apps/defaults/v1beta1.go:setDefaultSidecarContainer`, `setDefaultContainer`
 */
export function defaultContainer(
  container: JsonRecord,
  podInjectPolicy: string,
): JsonRecord {
  let result = fillZero(container, {
    podInjectPolicy,
    upgradeStrategy: {},
    shareVolumePolicy: {},
    imagePullPolicy: pullPolicyFor(container.image),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  result = changeObject(result, { field: "upgradeStrategy", change: coldUpgrade });
  result = changeObject(result, { field: "shareVolumePolicy", change: disabled });
  result = changeEach(result, { field: "ports", change: tcp });
  result = changeEach(result, { field: "transferEnv", change: sourceFieldRef });
  result = changeEach(result, { field: "env", change: valueFromFieldRef });
  result = changeObject(result, { field: "resources", change: roundedResources });
  result = changeObject(result, { field: "livenessProbe", change: probe });
  result = changeObject(result, { field: "readinessProbe", change: probe });
  return changeObject(result, { field: "lifecycle", change: lifecycle });
}

/** A reference to a Pod's field, in its apiVersion. */
export function defaultFieldRef(object: JsonRecord): JsonRecord {
  return changeObject(object, { field: "fieldRef", change: apiVersion });
}

/** `Always` for the tag `latest`, written or meant, otherwise `IfNotPresent`. */
function pullPolicyFor(image: unknown): string {
  return typeof image === "string" && effectiveTag(image) === "latest" ? "Always" : "IfNotPresent";
}

function coldUpgrade(strategy: JsonRecord): JsonRecord {
  return fillZero(strategy, { upgradeType: "ColdUpgrade" });
}

function disabled(policy: JsonRecord): JsonRecord {
  return fillZero(policy, { type: "disabled" });
}

function tcp(port: JsonRecord): JsonRecord {
  return fillZero(port, { protocol: "TCP" });
}

function apiVersion(fieldRef: JsonRecord): JsonRecord {
  return fillZero(fieldRef, { apiVersion: "v1" });
}

/** A source without fieldRef is left to validation; OpenKruise crashes on it (B-25). */
function sourceFieldRef(transfer: JsonRecord): JsonRecord {
  return changeObject(transfer, { field: "sourceContainerNameFrom", change: defaultFieldRef });
}

function valueFromFieldRef(variable: JsonRecord): JsonRecord {
  return changeObject(variable, { field: "valueFrom", change: defaultFieldRef });
}

function roundedResources(resources: JsonRecord): JsonRecord {
  const limits = changeObject(resources, { field: "limits", change: rounded });
  return changeObject(limits, { field: "requests", change: rounded });
}

/** Whole milli units, written as Kubernetes writes them (`pkg/apis/core/v1/defaults.go:SetDefaults_ResourceList`). */
function rounded(list: JsonRecord): JsonRecord {
  const entries = Object.entries(list);
  const amounts = entries.map(([, value]) => roundedQuantity(value));
  if (entries.every(([, value], i) => value === amounts[i])) return list;
  return Object.fromEntries(entries.map(([name], i) => [name, amounts[i]]));
}

function roundedQuantity(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  const quantity = parseQuantity(value);
  return quantity === undefined ? value : formatQuantity(roundUpToMilli(quantity));
}

function probe(given: JsonRecord): JsonRecord {
  const timed = fillZero(given, {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  return handler(timed);
}

function lifecycle(hooks: JsonRecord): JsonRecord {
  const postStart = changeObject(hooks, { field: "postStart", change: handler });
  return changeObject(postStart, { field: "preStop", change: handler });
}

function handler(given: JsonRecord): JsonRecord {
  return changeObject(given, { field: "httpGet", change: httpGet });
}

function httpGet(action: JsonRecord): JsonRecord {
  return fillZero(action, { path: "/", scheme: "HTTP" });
}

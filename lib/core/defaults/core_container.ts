import { formatQuantity, parseQuantity, roundUpToMilli } from "../quantity/quantity.ts";
import { changeEach, changeObject, fillZero, type JsonRecord } from "./fill.ts";
import { effectiveTag } from "./image_reference.ts";

/**
 * The defaults of a core container that OpenKruise writes into a SidecarSet: all but those of a startup probe.
 *
 * @see `apis/apps/defaults/pod.go:setDefaultContainer`
 */
export function defaultCoreContainer(container: JsonRecord): JsonRecord {
  let result = fillZero(container, {
    imagePullPolicy: pullPolicyFor(container.image),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  result = changeEach(result, { field: "ports", change: tcp });
  result = changeEach(result, { field: "env", change: valueFromFieldRef });
  result = changeObject(result, { field: "resources", change: roundedResources });
  result = changeObject(result, { field: "livenessProbe", change: probe });
  result = changeObject(result, { field: "readinessProbe", change: probe });
  return changeObject(result, { field: "lifecycle", change: lifecycle });
}

/**
 * A container with the API server's defaults that its validation expects. The result is validated, never stored:
 * the API server sets the same defaults in each Pod.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/v1/zz_generated.defaults.go:SetObjectDefaults_Pod`
 */
export function defaultPodContainer(container: JsonRecord): JsonRecord {
  return changeObject(defaultCoreContainer(container), { field: "startupProbe", change: probe });
}

/** A reference to a Pod's field, in its apiVersion. */
export function defaultFieldRef(object: JsonRecord): JsonRecord {
  return changeObject(object, { field: "fieldRef", change: apiVersion });
}

/** `Always` for the tag `latest`, explicit or implied, otherwise `IfNotPresent`. */
function pullPolicyFor(image: unknown): string {
  return typeof image === "string" && effectiveTag(image) === "latest" ? "Always" : "IfNotPresent";
}

function tcp(port: JsonRecord): JsonRecord {
  return fillZero(port, { protocol: "TCP" });
}

function apiVersion(fieldRef: JsonRecord): JsonRecord {
  return fillZero(fieldRef, { apiVersion: "v1" });
}

function valueFromFieldRef(variable: JsonRecord): JsonRecord {
  return changeObject(variable, { field: "valueFrom", change: defaultFieldRef });
}

function roundedResources(resources: JsonRecord): JsonRecord {
  const limits = changeObject(resources, { field: "limits", change: rounded });
  return changeObject(limits, { field: "requests", change: rounded });
}

/** Integer milli units in canonical form (`pkg/apis/core/v1/defaults.go:SetDefaults_ResourceList`). */
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

import { formatQuantity, parseQuantity, roundUpToMilli } from "../quantity/quantity.ts";
import { changeEach, changeObject, fillZero, type JsonRecord } from "./fill.ts";

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

/** Maximum length: host 253, path 255, tag 128, digest 135. It bounds the cost of matching. */
const MAX_LENGTH = 1000;
const MAX_PATH_LENGTH = 255;

const { source: LABEL } = /[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?/;
const { source: IP_V6 } = /\[[a-fA-F0-9:]+\]/;
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|${IP_V6})(?::[0-9]+)?$`);
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;

const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * The tag of an image reference: the given one, or `latest` without tag and digest. None for a digest alone or an
 * invalid reference.
 *
 * @see `k8s.io/kubernetes/pkg/util/parsers/parsers.go:ParseImageName`,
 * `github.com/distribution/reference/normalize.go`
 */
export function effectiveTag(image: string): string | undefined {
  if (image.length > MAX_LENGTH || IDENTIFIER.test(image)) return undefined;
  const [beforeDigest = "", digest] = splitAt(image, image.indexOf("@"));
  const [domain, remainder] = splitDomain(beforeDigest);
  const [path = "", tag] = splitAt(remainder, remainder.indexOf(":"));
  const isValid = DOMAIN.test(domain) && PATH.test(path) && path.length <= MAX_PATH_LENGTH &&
    (tag === undefined || TAG.test(tag)) && (digest === undefined || isDigest(digest));
  if (!isValid) return undefined;
  return tag ?? (digest === undefined ? "latest" : undefined);
}

/** The first part is a registry only if it looks like a host; otherwise the image is on Docker Hub. */
function splitDomain(name: string): [domain: string, remainder: string] {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash >= 0 &&
    (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const domain = isHost ? first : "docker.io";
  const remainder = isHost ? name.slice(slash + 1) : name;
  const isHub = domain === "docker.io" || domain === "index.docker.io";
  if (!isHub) return [domain, remainder];
  return ["docker.io", remainder.includes("/") ? remainder : `library/${remainder}`];
}

function isDigest(digest: string): boolean {
  const [algorithm = "", hex = ""] = splitAt(digest, digest.indexOf(":"));
  const length = Object.hasOwn(digestLengths, algorithm) ? digestLengths[algorithm] : undefined;
  return hex.length === length && /^[a-f0-9]+$/.test(hex);
}

function splitAt(text: string, index: number): [before: string, after?: string] {
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

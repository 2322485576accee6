import type { Field } from "../field.ts";
import { formatQuantity, parseQuantity, type Quantity } from "../../quantity/quantity.ts";
import { qualifiedNameProblem } from "../../select/label_syntax.ts";

const RESOURCES = [
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
];
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;
const CPU_DIVISORS = new Set(["1m", "1"]);
const BYTE_DIVISORS = new Set([
  ...["1", "1k", "1M", "1G", "1T", "1P", "1E"],
  ...["1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
]);
/** `metadata.labels['KEY']`, as `pkg/fieldpath/fieldpath.go:SplitMaybeSubscriptedPath` reads it. */
const SUBSCRIPTED = /^([^[]+)\['(.*)'\]$/s;

/** A field of the Pod by its path, with the subscript where it has one. */
interface PodFieldPath {
  readonly path: string;
  readonly key?: string;
}

/** Splits a `fieldPath` into its path and the key of a subscript: `metadata.labels['app']`. */
export function readPodFieldPath(text: string): PodFieldPath {
  const parts = SUBSCRIPTED.exec(text);
  return parts === null ? { path: text } : { path: parts[1] ?? "", key: parts[2] ?? "" };
}

/**
 * A `fieldRef` to the Pod.
 *
 * @param paths the paths allowed without a subscript.
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateObjectFieldSelector`
 */
export function checkFieldRef(fieldRef: Field, paths: readonly string[]): void {
  const apiVersion = fieldRef.member("apiVersion");
  const fieldPath = fieldRef.member("fieldPath");
  if (apiVersion.text() === "") return apiVersion.required("is required: use v1");
  if (fieldPath.text() === "") return fieldPath.required();
  if (apiVersion.text() !== "v1") return fieldPath.invalid("must be read with apiVersion v1");
  const { path, key } = readPodFieldPath(fieldPath.text());
  if (key === undefined) {
    if (!paths.includes(path)) fieldPath.notSupported(paths);
    return;
  }
  checkSubscript(fieldRef, { path, key });
}

/** The subscript of a label or annotation; annotation keys may have capital letters in their prefix. */
export function checkSubscript(field: Field, { path, key = "" }: PodFieldPath): void {
  if (path !== "metadata.labels" && path !== "metadata.annotations") {
    return field.member("fieldPath").invalid(`must not have a subscript after ${path}`);
  }
  const problem = qualifiedNameProblem(path === "metadata.annotations" ? key.toLowerCase() : key);
  if (problem !== undefined) field.member("fieldPath").invalid(`key ${problem}`);
}

/**
 * A `resourceFieldRef` to a container's resources.
 *
 * @param options `namesContainer`: whether the container must be named, as in volumes.
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainerResourceFieldSelector`
 */
export function checkResourceFieldRef(ref: Field, options: { namesContainer: boolean }): void {
  const containerName = ref.member("containerName");
  const resource = ref.member("resource");
  const name = resource.text();
  if (options.namesContainer && containerName.text() === "") containerName.required();
  else if (name === "") resource.required();
  else if (!RESOURCES.includes(name) && !HUGE_PAGES.test(name)) resource.notSupported(RESOURCES);
  checkDivisor(ref.member("divisor"), name);
}

function checkDivisor(divisor: Field, resource: string): void {
  if (!divisor.isSet) return;
  const quantity = quantityAt(divisor);
  if (quantity === undefined || quantity.nanos === 0n) return;
  const allowed = resource.endsWith(".cpu") ? CPU_DIVISORS : BYTE_DIVISORS;
  if (!allowed.has(formatQuantity(quantity))) {
    divisor.invalid(`must be one of ${[...allowed].join(", ")} for ${resource}`);
  }
}

/** The quantity of a field; undefined with a problem if it is not one. */
export function quantityAt(field: Field): Quantity | undefined {
  const { value } = field;
  const quantity = typeof value === "string" || typeof value === "number"
    ? parseQuantity(value)
    : undefined;
  if (quantity === undefined) field.invalid("must be a quantity such as 100m or 64Mi");
  return quantity;
}

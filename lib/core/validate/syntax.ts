import type { Field } from "./field.ts";

/**
 * Checks of single values that report the problem on the field. Rules and limits are those of
 * `k8s.io/apimachinery/pkg/util/validation`.
 */

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const PORT_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Printable ASCII without the equals sign. */
const ENV_NAME = /^[ -<>-~]+$/;
const KEY_NAME = /^[-._a-zA-Z0-9]+$/;
const MAX_LABEL_LENGTH = 63;
const MAX_SUBDOMAIN_LENGTH = 253;
const MAX_PORT_NAME_LENGTH = 15;
const MAX_PORT = 65535;

/** A name that must be there and be an RFC 1123 label. */
export function checkDnsLabel(field: Field): void {
  const name = field.text();
  if (name === "") field.required();
  else if (!isDnsLabel(name)) {
    field.invalid(
      `must be at most ${MAX_LABEL_LENGTH} lower-case letters, digits and '-', starting ` +
        "and ending with a letter or digit",
    );
  }
}

/** Whether a name is a DNS label (RFC 1123). */
export function isDnsLabel(name: string): boolean {
  return name.length <= MAX_LABEL_LENGTH && DNS_LABEL.test(name);
}

/** A port number must be between 1 and 65535. */
export function checkPortNumber(field: Field): void {
  const port = field.integer();
  if (port < 1 || port > MAX_PORT) field.invalid(`must be between 1 and ${MAX_PORT}`);
}

/** A port name must be an IANA service name. */
export function checkPortName(field: Field): void {
  const name = field.text();
  const isValid = name.length <= MAX_PORT_NAME_LENGTH && PORT_NAME.test(name) && /[a-z]/.test(name);
  if (isValid) return;
  field.invalid(
    `must be at most ${MAX_PORT_NAME_LENGTH} lower-case letters, digits and single '-', with at least one letter`,
  );
}

/** A port as a number, or as the name of one. */
export function checkPort(field: Field): void {
  if (typeof field.value === "string") checkPortName(field);
  else checkPortNumber(field);
}

/** The name of an environment variable, by the rule that Kubernetes has since 1.32 (`IsRelaxedEnvVarName`). */
export function checkEnvName(field: Field): void {
  if (!ENV_NAME.test(field.text())) field.invalid("must be printable ASCII characters without '='");
}

/** A key of a ConfigMap or Secret. */
export function checkKeyName(field: Field): void {
  const name = field.text();
  if (name === "") field.required();
  else if (name.length > MAX_SUBDOMAIN_LENGTH || !KEY_NAME.test(name) || climbsUp(name)) {
    field.invalid(
      `must be at most ${MAX_SUBDOMAIN_LENGTH} letters, digits, '-', '_' and '.' that do not start with '..'`,
    );
  }
}

/** Whether a name is `.`, or starts with `..`. */
function climbsUp(name: string): boolean {
  return name === "." || name.startsWith("..");
}

/** A path without `..` elements. */
export function checkNoBacksteps(field: Field): void {
  if (field.text().split("/").includes("..")) field.invalid("must not contain '..'");
}

/** A relative path that stays below where it starts. */
export function checkDescendingPath(field: Field): void {
  if (field.text().startsWith("/")) field.invalid("must be a relative path");
  checkNoBacksteps(field);
}

/** A relative path that also keeps clear of the names that start with `..`, which the kubelet uses for itself. */
export function checkLocalPath(field: Field): void {
  checkDescendingPath(field);
  const path = field.text();
  if (path.startsWith("..") && path !== ".." && !path.startsWith("../")) {
    field.invalid("must not start with '..'");
  }
}

/** A number must be at least 0. */
export function checkNotNegative(field: Field): void {
  if (field.integer() < 0) field.invalid("must be at least 0");
}

/** A value that must be one of a list; an absent one is wrong too. */
export function checkOneOf(field: Field, supported: readonly string[]): void {
  if (field.text() === "") field.required(`is required: use one of ${supported.join(", ")}`);
  else if (!supported.includes(field.text())) field.notSupported(supported);
}

/** A value that must be one of a list where it is set. */
export function checkOptionalOneOf(field: Field, supported: readonly string[]): void {
  if (field.isSet && !supported.includes(field.text())) field.notSupported(supported);
}

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const MAX_NAME_LENGTH = 63;
const MAX_SUBDOMAIN_LENGTH = 253;

/**
 * What is wrong with the key of a label or annotation; undefined when nothing is.
 *
 * @see `k8s.io/apimachinery/pkg/util/validation/validation.go:IsQualifiedName`
 */
export function qualifiedNameProblem(key: string): string | undefined {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2) return "must have at most one slash, between its prefix and its name";
  if (parts.length === 2) {
    const problem = subdomainProblem(parts[0] ?? "");
    if (problem !== undefined) return `must have a valid prefix before the slash, which ${problem}`;
  }
  if (name === "") return "must have a name that is not empty";
  if (name.length > MAX_NAME_LENGTH) {
    return `must have a name of at most ${MAX_NAME_LENGTH} characters: it has ${name.length}`;
  }
  if (!QUALIFIED_NAME_PART.test(name)) {
    return "must have a name of letters, digits, '-', '_' and '.' that starts and ends with a letter or digit";
  }
  return undefined;
}

/**
 * What is wrong with a label's value; undefined when nothing is.
 *
 * @see `k8s.io/apimachinery/pkg/util/validation/validation.go:IsValidLabelValue`
 */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > MAX_NAME_LENGTH) {
    return `must have at most ${MAX_NAME_LENGTH} characters: it has ${value.length}`;
  }
  if (!LABEL_VALUE.test(value)) {
    return "must be empty, or letters, digits, '-', '_' and '.' that start and end with a letter or digit";
  }
  return undefined;
}

/**
 * What is wrong with a lower-case RFC 1123 subdomain; undefined when nothing is.
 *
 * @see `k8s.io/apimachinery/pkg/util/validation/validation.go:IsDNS1123Subdomain`
 */
export function subdomainProblem(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name.length > MAX_SUBDOMAIN_LENGTH) {
    return `must have at most ${MAX_SUBDOMAIN_LENGTH} characters: it has ${name.length}`;
  }
  if (!DNS_SUBDOMAIN.test(name)) {
    return "must be lower-case letters, digits, '-' and '.', each part starting and ending with a letter or digit";
  }
  return undefined;
}

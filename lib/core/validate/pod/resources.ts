import {
  compareQuantities,
  integerValue,
  NANOS_PER_UNIT,
  type Quantity,
} from "../../quantity/quantity.ts";
import { parseQuantity } from "../../quantity/quantity.ts";
import { qualifiedNameProblem } from "../../select/label_syntax.ts";
import type { Field } from "../field.ts";
import { checkDnsLabel } from "../syntax.ts";
import { quantityAt } from "./field_selectors.ts";

export const COMPUTE_RESOURCES = ["cpu", "memory"];
const STANDARD_RESOURCES = [...COMPUTE_RESOURCES, "ephemeral-storage"];
const HUGE_PAGES = "hugepages-";
const NATIVE_DOMAIN = "kubernetes.io/";
const QUOTA_PREFIX = "requests.";

/**
 * Requests and limits of a container.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateResourceRequirements`
 */
export function checkResources(resources: Field): void {
  const limitsField = resources.member("limits");
  const requestsField = resources.member("requests");
  const limits = checkList(limitsField);
  const requests = checkList(requestsField);
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    if (limit === undefined) {
      if (!allowsOvercommit(name)) {
        limitsField.required(`must have ${name} because requests has it`);
      }
      continue;
    }
    const order = compareQuantities(request, limit);
    if (order > 0) requestsField.invalid(`must not be greater than limits for ${name}`);
    else if (order < 0 && !allowsOvercommit(name)) {
      requestsField.invalid(`must be equal to limits for ${name}`);
    }
  }
  const names = [...limits.keys(), ...requests.keys()];
  const hasHugePages = names.some((name) => name.startsWith(HUGE_PAGES));
  if (hasHugePages && !names.some((name) => COMPUTE_RESOURCES.includes(name))) {
    resources.forbidden("must have cpu or memory because it has huge pages");
  }
  checkClaims(resources.member("claims"));
}

/**
 * Resource claims: their names refer to the Pod's `resourceClaims`, which are checked at injection.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateResourceClaimNames`
 */
function checkClaims(claims: Field): void {
  const requestsByClaim = new Map<string, Set<string>>();
  for (const claim of claims.items()) {
    const name = claim.member("name").text();
    if (name === "") {
      claim.required("must have a name: name a resource claim of the Pods");
      continue;
    }
    const request = claim.member("request");
    const requests = requestsByClaim.get(name);
    if (request.text() !== "") checkDnsLabel(request);
    // Without a request it means all requests.
    const isTaken = requests !== undefined &&
      (request.text() === "" || requests.has("") || requests.has(request.text()));
    if (isTaken) claim.duplicate();
    requestsByClaim.set(name, (requests ?? new Set()).add(request.text()));
  }
}

function checkList(list: Field): Map<string, Quantity> {
  const quantities = new Map<string, Quantity>();
  for (const [name, field] of list.entries()) {
    checkResourceName(name, field);
    const quantity = quantityAt(field);
    if (quantity === undefined) continue;
    quantities.set(name, quantity);
    if (quantity.nanos < 0n) field.invalid("must be at least 0");
    if (isCounted(name) && integerValue(quantity) * NANOS_PER_UNIT !== quantity.nanos) {
      field.invalid("must be a whole number");
    }
    const page = name.startsWith(HUGE_PAGES)
      ? parseQuantity(name.slice(HUGE_PAGES.length))
      : undefined;
    if (page !== undefined && (page.nanos <= 0n || quantity.nanos % page.nanos !== 0n)) {
      field.invalid(`must be a multiple of the page size of ${name}`);
    }
  }
  return quantities;
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateContainerResourceName` */
function checkResourceName(name: string, field: Field): void {
  const problem = qualifiedNameProblem(name);
  if (problem !== undefined) return field.invalid(`has a name that is not valid: it ${problem}`);
  if (!name.includes("/")) {
    if (!STANDARD_RESOURCES.includes(name) && !name.startsWith(HUGE_PAGES)) {
      field.invalid(
        `must be one of ${STANDARD_RESOURCES.join(", ")}, huge pages, or a name with a domain`,
      );
    }
    return;
  }
  if (isNative(name)) return;
  const isExtended = !name.startsWith(QUOTA_PREFIX) &&
    qualifiedNameProblem(`${QUOTA_PREFIX}${name}`) === undefined;
  if (!isExtended) field.invalid("must have the name of an extended resource");
}

function isNative(name: string): boolean {
  return !name.includes("/") || name.includes(NATIVE_DOMAIN);
}

/** Whether a resource has only integer amounts. */
function isCounted(name: string): boolean {
  return !isNative(name);
}

/** @see `k8s.io/kubernetes/pkg/apis/core/helper/helpers.go:IsOvercommitAllowed` */
function allowsOvercommit(name: string): boolean {
  return isNative(name) && !name.startsWith(HUGE_PAGES);
}

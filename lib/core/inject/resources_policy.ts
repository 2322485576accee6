import type { Container } from "../../api/container.ts";
import type { FieldProblem, Read } from "../../api/problems.ts";
import { preview } from "../../api/read.ts";
import type { ResourcesPolicy } from "../../api/sidecar_container.ts";
import { compilePattern } from "../pattern.ts";
import { addQuantities } from "../quantity/arithmetic.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity/quantity.ts";
import { readResourceExpression, type ResourceExpression } from "../quantity/expression.ts";

export type ComputedResource = "cpu" | "memory";
export type ComputedList = "limits" | "requests";

/** One quantity that a policy computes. */
export interface ResourceRule {
  readonly list: ComputedList;
  readonly resource: ComputedResource;
  readonly expression: ResourceExpression;
}

/** A resources policy with compiled expressions, reused for many Pods. */
export interface PreparedResourcesPolicy {
  readonly policy: ResourcesPolicy;
  /** Whether the policy's regular expression matches anywhere in the name. */
  targets(containerName: string): boolean;
  readonly rules: readonly ResourceRule[];
}

const RULES = [
  { list: "limits", resource: "cpu" },
  { list: "limits", resource: "memory" },
  { list: "requests", resource: "cpu" },
  { list: "requests", resource: "memory" },
] as const;

/**
 * Reads the regular expression and the expressions of a resources policy.
 *
 * @returns the prepared policy, or everything that is wrong with it, by fields relative to the policy.
 */
export function prepareResourcesPolicy(policy: ResourcesPolicy): Read<PreparedResourcesPolicy> {
  const problems: FieldProblem[] = [];
  const regex = policy.targetContainersNameRegex ?? ".*";
  const pattern = compilePattern(regex);
  if (!pattern.ok) {
    problems.push({
      reason: "FieldValueInvalid",
      field: "targetContainersNameRegex",
      message: `${pattern.problem}: current value is ${preview(regex)}`,
    });
  }
  const rules: ResourceRule[] = [];
  for (const { list, resource } of RULES) {
    const text = policy.resourcesExpr[list]?.[resource] ?? "";
    if (text === "") continue;
    const expression = readResourceExpression(text);
    if (expression.ok) {
      rules.push({ list, resource, expression: expression.value });
    } else {
      problems.push({
        reason: "FieldValueInvalid",
        field: `resourcesExpr.${list}.${resource}`,
        message: `cannot be evaluated: ${expression.problem}: current value is "${text}"`,
      });
    }
  }
  if (!pattern.ok || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: { policy, targets: pattern.matches, rules } };
}

/** What the target containers have of one resource together. */
type Aggregate =
  | { readonly type: "amount"; readonly amount: Quantity }
  /** A limit that at least one target does not have. */
  | { readonly type: "unlimited" }
  | { readonly type: "unreadable"; readonly container: string; readonly value: string | number };

/** Which amounts of the containers count, and how they add up. */
export interface AggregateOptions {
  readonly mode: ResourcesPolicy["targetContainersMode"];
  readonly list: ComputedList;
  readonly resource: ComputedResource;
}

const ZERO: Quantity = { nanos: 0n, format: "DecimalSI" };

/**
 * Takes the sum or the maximum of one resource over the targets.
 * A missing request counts as zero; a missing limit makes the result unlimited.
 *
 * @see `openkruise/kruise/pkg/webhook/pod/mutating/sidecarset_resources.go:aggregateResources`
 */
export function aggregate(
  targets: readonly Container[],
  { mode, list, resource }: AggregateOptions,
): Aggregate {
  let amount = ZERO;
  let isUnlimited = false;
  for (const { name, resources } of targets) {
    const value = resources?.[list]?.[resource];
    if (value === undefined) {
      isUnlimited ||= list === "limits";
      continue;
    }
    const quantity = parseQuantity(value);
    if (quantity === undefined) return { type: "unreadable", container: name, value };
    if (mode === "sum") amount = addQuantities(amount, quantity);
    else if (compareQuantities(quantity, amount) > 0) amount = quantity;
  }
  return isUnlimited ? { type: "unlimited" } : { type: "amount", amount };
}

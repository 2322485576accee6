import type { Container } from "../../api/container.ts";
import { addQuantities, quantityOf, ZERO } from "../quantity/arithmetic.ts";
import { compareQuantities, formatQuantity, type Quantity } from "../quantity/quantity.ts";
import { evaluateResourceExpression } from "../quantity/expression.ts";
import { aggregate, type PreparedResourcesPolicy, type ResourceRule } from "./resources_policy.ts";

type Resources = NonNullable<Container["resources"]>;

/** Maximum number of amounts to try. */
const MAX_AMOUNTS = 256;

/**
 * Recomputes the resources of a sidecar injected by an earlier call for the Pod's current targets.
 *
 * An amount that the policy computes for a subset of the targets is updated: webhooks between the calls add
 * containers, and add requests to containers. Any other amount was set by another webhook, such as a vertical
 * autoscaler, and stays; an autoscaler whose amount is overwritten evicts the Pod repeatedly. A removed amount
 * stays removed. A lower bound in the expression proves nothing, as it is a common amount.
 *
 * @returns undefined if nothing changes
 */
export function recomputedResources(
  { policy, targets, rules }: PreparedResourcesPolicy,
  { candidates, present }: { candidates: readonly Container[]; present: Resources },
): Resources | undefined {
  const chosen = candidates.filter(({ name }) => targets(name));
  if (chosen.length === 0) return undefined;
  const mode = policy.targetContainersMode;
  const changes = rules.flatMap((rule): Change[] => {
    const { list, resource, expression } = rule;
    const old = quantityOf(present[list]?.[resource]);
    const total = aggregate(chosen, { mode, list, resource });
    if (old === undefined || total.type !== "amount") return [];
    const result = evaluateResourceExpression(expression, total.amount);
    if (!result.ok || compareQuantities(result.value, old) === 0) return [];
    return isExplained(old, { rule, mode, chosen })
      ? [{ list, resource, value: result.value }]
      : [];
  });
  const consistent = changes.filter(({ resource }) =>
    isWithinLimit(resource, { present, changes })
  );
  if (consistent.length === 0) return undefined;
  return consistent.reduce((resources, { list, resource, value }) => ({
    ...resources,
    [list]: { ...resources[list], [resource]: formatQuantity(value) },
  }), present);
}

interface Change extends Pick<ResourceRule, "list" | "resource"> {
  readonly value: Quantity;
}

/** Whether the policy computes this amount for some of the targets. */
function isExplained(
  amount: Quantity,
  { rule: { list, resource, expression }, mode, chosen }: {
    rule: ResourceRule;
    mode: PreparedResourcesPolicy["policy"]["targetContainersMode"];
    chosen: readonly Container[];
  },
): boolean {
  const comesTo = (total: Quantity) => {
    const result = evaluateResourceExpression(expression, total);
    return result.ok && compareQuantities(result.value, amount) === 0;
  };
  // Absent requests count as zero. Without a limit in the targets there is no result.
  if (comesTo(ZERO)) return list === "requests" && amount.nanos === 0n;
  const totals = new Map<bigint, Quantity>();
  for (const { resources } of chosen) {
    const value = quantityOf(resources?.[list]?.[resource]);
    if (value === undefined) continue;
    const sums = mode === "sum"
      ? [...totals.values()].map((other) => addQuantities(other, value))
      : [];
    for (const each of [value, ...sums]) totals.set(each.nanos, each);
    if (totals.size > MAX_AMOUNTS) return false;
  }
  return [...totals.values()].some(comesTo);
}

/** Whether the request stays within the limit; either may have been set by another webhook. */
function isWithinLimit(
  resource: ResourceRule["resource"],
  { present, changes }: { present: Resources; changes: readonly Change[] },
): boolean {
  const next = (list: ResourceRule["list"]) =>
    changes.find((change) => change.list === list && change.resource === resource)?.value ??
      quantityOf(present[list]?.[resource]);
  const [request, limit] = [next("requests"), next("limits")];
  return !request || !limit || compareQuantities(request, limit) <= 0;
}

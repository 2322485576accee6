import type { Container } from "../../api/container.ts";
import { addQuantities } from "../quantity/arithmetic.ts";
import { quantityOf, ZERO } from "../quantity/pod_total.ts";
import { compareQuantities, formatQuantity, type Quantity } from "../quantity/quantity.ts";
import { evaluateResourceExpression } from "../quantity/resource_expression.ts";
import { aggregate } from "./resource_aggregate.ts";
import type { PreparedResourcesPolicy, ResourceRule } from "./resources_policy.ts";

type Resources = NonNullable<Container["resources"]>;

/** More amounts than the targets of a Pod can have had together are not tried. */
const MAX_AMOUNTS = 256;

/**
 * The resources of a sidecar from an earlier call, computed again for the targets that the Pod has now.
 *
 * An amount that no earlier state of the Pod explains is another webhook's, such as a vertical autoscaler's, and stays: an autoscaler that is
 * overwritten evicts the Pod again and again. So does an amount that was removed. Explained is what the policy computes for some of the targets,
 * because webhooks in between add containers, and add requests to containers. A lower bound of the expression explains nothing: it is a usual
 * amount for others to set.
 *
 * @returns undefined when nothing is to change.
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

/** Whether the policy comes to the amount for some of the targets. */
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
  // Requests that are absent count as zero; without a limit of a target there is no result.
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

/** Whether the request stays within the limit, of which the other one may be another webhook's. */
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

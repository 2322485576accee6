import type { Container, ResourceList } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import { compareQuantities, formatQuantity, type Quantity } from "../quantity/quantity.ts";
import { evaluateResourceExpression } from "../quantity/expression.ts";
import type { Reason } from "../reasons.ts";
import {
  aggregate,
  type ComputedList,
  type ComputedResource,
  type PreparedResourcesPolicy,
} from "./resources_policy.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";

export type ComputedResources =
  | { readonly ok: true; readonly resources: NonNullable<Container["resources"]> }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

/** Resources computed for the sidecars that have a resources policy. */
export type ResourcesBySidecar = ReadonlyMap<SidecarPlan, NonNullable<Container["resources"]>>;

interface ComputeOptions {
  /** The containers of the Pod that the policy's regular expression chooses among. */
  readonly candidates: readonly Container[];
  /** The resources that the sidecar has already: what is neither limits nor requests (claims) is kept (B-36). */
  readonly present: Container["resources"];
}

/**
 * The containers of a Pod that may be targets of a resources policy: its containers and native sidecars,
 * without those named in `sidecarNames`.
 *
 * @param sidecarNames every container of every SidecarSet that is injected into the Pod, and whatever has been injected
 * into it before, so that a second call computes the same.
 * @see `openkruise/kruise/pkg/webhook/pod/mutating/sidecarset_resources.go:getTargetContainers`
 */
export function resourceCandidates(pod: Pod, sidecarNames: ReadonlySet<string>): Container[] {
  const native = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) =>
    restartPolicy === "Always"
  );
  return [...native, ...pod.spec.containers].filter(({ name }) => !sidecarNames.has(name));
}

/**
 * Computes the resources of a sidecar from those of the Pod's own containers.
 *
 * A limit is left out where one of the targets has no such limit, even if its expression is a constant.
 * What the API server would refuse, a request above the limit, is no result.
 *
 * @see `openkruise/kruise/pkg/webhook/pod/mutating/sidecarset_resources.go:applyResourcesPolicy`
 */
export function computeResources(
  { policy, targets, rules }: PreparedResourcesPolicy,
  { candidates, present }: ComputeOptions,
): ComputedResources {
  const chosen = candidates.filter(({ name }) => targets(name));
  if (chosen.length === 0) {
    return {
      ok: false,
      reason: "NoTargetContainer",
      message: "no container of the Pod has a name that targetContainersNameRegex " +
        `"${policy.targetContainersNameRegex ?? ".*"}" matches: change the expression`,
    };
  }
  const results: Results = { limits: {}, requests: {} };
  for (const { list, resource, expression } of rules) {
    const total = aggregate(chosen, { mode: policy.targetContainersMode, list, resource });
    if (total.type === "unlimited") continue;
    if (total.type === "unreadable") {
      return failure(
        `resources.${list}.${resource} of container ${total.container} cannot be read as a quantity: ` +
          `current value is "${total.value}"`,
      );
    }
    const result = evaluateResourceExpression(expression, total.amount);
    if (!result.ok) {
      return failure(
        `resourcesExpr.${list}.${resource} "${expression.text}" cannot be evaluated ` +
          `for ${expression.variable}=${formatQuantity(total.amount)}: ${result.problem}`,
      );
    }
    results[list][resource] = result.value;
  }
  return firstRequestAboveLimit(results) ?? { ok: true, resources: merged(results, present) };
}

type Results = Record<ComputedList, Partial<Record<ComputedResource, Quantity>>>;

/** `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateContainerResourceRequirements` */
function firstRequestAboveLimit({ limits, requests }: Results): ComputedResources | undefined {
  for (const resource of ["cpu", "memory"] as const) {
    const limit = limits[resource];
    const request = requests[resource];
    if (limit === undefined || request === undefined) continue;
    if (compareQuantities(request, limit) <= 0) continue;
    return failure(
      `the ${resource} request is ${formatQuantity(request)}, above the limit of ` +
        `${formatQuantity(limit)}: lower resourcesExpr.requests.${resource} or raise the limit`,
    );
  }
  return undefined;
}

function merged(
  { limits, requests }: Results,
  present: Container["resources"],
): NonNullable<Container["resources"]> {
  const { limits: _limits, requests: _requests, ...kept } = present ?? {};
  return {
    ...kept,
    ...(Object.keys(limits).length > 0 ? { limits: formatted(limits) } : {}),
    ...(Object.keys(requests).length > 0 ? { requests: formatted(requests) } : {}),
  };
}

function formatted(quantities: Readonly<Record<string, Quantity>>): ResourceList {
  return Object.fromEntries(
    Object.entries(quantities).map(([resource, quantity]) => [resource, formatQuantity(quantity)]),
  );
}

function failure(message: string): ComputedResources {
  return { ok: false, reason: "ExpressionFailed", message };
}

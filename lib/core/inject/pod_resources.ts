import type { Container } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import { compareUtf8 } from "../annotations/go_json.ts";
import { addQuantities } from "../quantity/arithmetic.ts";
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from "../quantity/quantity.ts";
import { member } from "./fields.ts";
import type { ResourcesBySidecar } from "./resources.ts";
import type { ContainerList } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";
import type { Obstacle } from "./skips.ts";

/** A SidecarSet's sidecars with the resources that they would have in the Pod. */
interface Newcomer {
  readonly plan: SidecarSetPlan;
  readonly resources: ResourcesBySidecar;
}

/**
 * Whether the Pod's own `spec.resources` leaves no room: containers that together request more than the Pod, or one with a higher limit
 * (`pkg/apis/core/validation:validatePodResourceConsistency`). A Pod that asks for too much by itself is not the sidecars' doing.
 */
export function podResourcesObstacle(
  newcomer: Newcomer,
  { pod, admitted }: { pod: Pod; admitted: readonly Newcomer[] },
): Obstacle | undefined {
  if (pod.spec.resources === undefined) return undefined;
  const allowed = member(pod.spec, "resources");
  for (const [resource, amount] of amountsOf(member(allowed, "requests"))) {
    const wanted = requested(pod, { resource, newcomers: [...admitted, newcomer] });
    if (compareQuantities(wanted, amount) <= 0) continue;
    if (compareQuantities(requested(pod, { resource, newcomers: admitted }), amount) > 0) continue;
    return tooMuch(
      `the Pod's containers would request ${formatQuantity(wanted)} of ${resource}, more than ` +
        `its own spec.resources.requests, ${formatQuantity(amount)}`,
    );
  }
  for (const [resource, amount] of amountsOf(member(allowed, "limits"))) {
    for (const { container: { name, resources } } of sidecarsOf(newcomer, "containers")) {
      const limit = quantityOf(resources?.limits?.[resource]);
      if (limit === undefined || compareQuantities(limit, amount) <= 0) continue;
      return tooMuch(
        `the ${resource} limit of container ${name} is ${formatQuantity(limit)}, more than the ` +
          `Pod's own spec.resources.limits, ${formatQuantity(amount)}`,
      );
    }
  }
  return undefined;
}

function tooMuch(what: string): Obstacle {
  const remedy = "lower the sidecars' resources, or raise the Pod's";
  return { reason: "PodSpecConflict", message: `${what}: ${remedy}` };
}

interface Sidecar {
  readonly container: Container;
  readonly inFront: boolean;
}

function sidecarsOf({ plan, resources }: Newcomer, list: ContainerList): Sidecar[] {
  return plan.sidecars.filter((sidecar) => sidecar.list === list).flatMap((sidecar) =>
    sidecar.containers.map(({ container }) => {
      const computed = resources.get(sidecar);
      const { inFront } = sidecar;
      return { inFront, container: computed ? { ...container, resources: computed } : container };
    })
  );
}

/** What all containers request together (`k8s.io/component-helpers/resource:AggregateContainerRequests`). */
function requested(
  pod: Pod,
  { resource, newcomers }: { resource: string; newcomers: readonly Newcomer[] },
): Quantity {
  let running = ZERO;
  for (const container of listed(pod, { list: "containers", newcomers })) {
    running = addQuantities(running, requestOf(container, resource));
  }
  let native = ZERO;
  let atStart = ZERO;
  for (const container of listed(pod, { list: "initContainers", newcomers })) {
    const request = requestOf(container, resource);
    const isNative = container.restartPolicy === "Always";
    if (isNative) native = addQuantities(native, request);
    const now = isNative ? native : addQuantities(native, request);
    if (compareQuantities(now, atStart) > 0) atStart = now;
  }
  const together = addQuantities(running, native);
  return compareQuantities(together, atStart) > 0 ? together : atStart;
}

/** The Pod's containers with the newcomers around them or in their place. */
function listed(
  pod: Pod,
  { list, newcomers }: { list: ContainerList; newcomers: readonly Newcomer[] },
): Container[] {
  const added = newcomers.flatMap((newcomer) => sidecarsOf(newcomer, list));
  added.sort((a, b) => compareUtf8(a.container.name, b.container.name));
  const names = new Set(added.map(({ container }) => container.name));
  return [
    ...added.flatMap(({ container, inFront }) => inFront ? [container] : []),
    ...(pod.spec[list] ?? []).filter(({ name }) => !names.has(name)),
    ...added.flatMap(({ container, inFront }) => inFront ? [] : [container]),
  ];
}

const ZERO: Quantity = { nanos: 0n, format: "DecimalSI" };

/** A container without a request requests its limit. */
function requestOf({ resources }: Container, resource: string): Quantity {
  return quantityOf(resources?.requests?.[resource] ?? resources?.limits?.[resource]) ?? ZERO;
}

function quantityOf(value: unknown): Quantity | undefined {
  return typeof value === "string" || typeof value === "number" ? parseQuantity(value) : undefined;
}

function amountsOf(list: Readonly<Record<string, unknown>>): [string, Quantity][] {
  return Object.entries(list).flatMap(([resource, value]): [string, Quantity][] => {
    const amount = quantityOf(value);
    return amount === undefined ? [] : [[resource, amount]];
  });
}

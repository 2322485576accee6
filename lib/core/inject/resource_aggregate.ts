import type { Container } from "../../api/container.ts";
import type { ResourcesPolicy } from "../../api/sidecar_container.ts";
import { addQuantities } from "../quantity/arithmetic.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity/quantity.ts";
import type { ComputedList, ComputedResource } from "./resources_policy.ts";

/** What the target containers have of one resource together. */
export type Aggregate =
  | { readonly type: "amount"; readonly amount: Quantity }
  /** A limit that at least one target does not have. */
  | { readonly type: "unlimited" }
  | { readonly type: "unreadable"; readonly container: string; readonly value: string | number };

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

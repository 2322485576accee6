import type { Container } from "../../api/container.ts";
import type { PodSpec } from "../../api/pod.ts";
import {
  compareQuantities,
  milliValue,
  NANOS_PER_MILLI,
  parseQuantity,
  type Quantity,
} from "./quantity.ts";

/** The sum, in the notation of the left operand, or of the right one if the left is zero. */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  return {
    nanos: left.nanos + right.nanos,
    format: left.nanos === 0n ? right.format : left.format,
  };
}

/** The difference, in the notation of the left operand, or of the right one if the left is zero. */
export function subtractQuantities(left: Quantity, right: Quantity): Quantity {
  return addQuantities(left, negateQuantity(right));
}

/** The negative quantity, in the same format. */
export function negateQuantity(quantity: Quantity): Quantity {
  return { nanos: -quantity.nanos, format: quantity.format };
}

/**
 * The quantity times a number, computed on whole milli units and cut to them.
 *
 * @returns undefined when the result is beyond what a number can express.
 * @see `openkruise/kruise/pkg/util/calculator/calculator.y:mul`
 */
export function multiplyQuantity(quantity: Quantity, factor: number): Quantity | undefined {
  return quantityOfMilli(Number(milliValue(quantity)) * factor, quantity.format);
}

/**
 * The quantity divided by a number, computed on whole milli units and cut to them.
 *
 * @returns undefined for a divisor of zero, and when the result is beyond what a number can express.
 * @see `openkruise/kruise/pkg/util/calculator/calculator.y:div`
 */
export function divideQuantity(quantity: Quantity, divisor: number): Quantity | undefined {
  return quantityOfMilli(Number(milliValue(quantity)) / divisor, quantity.format);
}

/** A number of whole units (cores, bytes) as a quantity, cut to milli units; undefined when it is not finite. */
export function quantityOfNumber(units: number): Quantity | undefined {
  return quantityOfMilli(units * 1000, "DecimalSI");
}

function quantityOfMilli(milli: number, format: Quantity["format"]): Quantity | undefined {
  if (!Number.isFinite(milli)) return undefined;
  return { nanos: BigInt(Math.trunc(milli)) * NANOS_PER_MILLI, format };
}

export type AmountList = "requests" | "limits";

/** One list of resources, and a resource in it. */
export interface Amount {
  readonly list: AmountList;
  readonly resource: string;
}

export const ZERO: Quantity = { nanos: 0n, format: "DecimalSI" };

/**
 * The amount of one container, zero if it has none. As in the API server, an absent request equals the limit.
 *
 * @returns undefined if it is not a quantity
 */
export function amountOf(
  { resources }: Pick<Container, "resources">,
  { list, resource }: Amount,
): Quantity | undefined {
  const value = resources?.[list]?.[resource] ??
    (list === "requests" ? resources?.limits?.[resource] : undefined);
  return value === undefined ? ZERO : quantityOf(value);
}

/** A quantity in unvalidated JSON. */
export function quantityOf(value: unknown): Quantity | undefined {
  return typeof value === "string" || typeof value === "number" ? parseQuantity(value) : undefined;
}

/**
 * What the containers of a Pod ask for together. Plain init containers run one after the other, next to the native
 * sidecars in front of them, so only the largest of them counts. Amounts that are no quantities count as zero.
 *
 * @see `k8s.io/component-helpers/resource/helpers.go:aggregateContainerResourcesByFn`
 */
export function podTotal(
  { containers, initContainers = [] }: Pick<PodSpec, "containers" | "initContainers">,
  amount: Amount,
): Quantity {
  let running = ZERO;
  for (const container of containers) {
    running = addQuantities(running, amountOf(container, amount) ?? ZERO);
  }
  let native = ZERO;
  let atStart = ZERO;
  for (const container of initContainers) {
    const own = amountOf(container, amount) ?? ZERO;
    const now = addQuantities(native, own);
    if (container.restartPolicy === "Always") native = now;
    if (compareQuantities(now, atStart) > 0) atStart = now;
  }
  const together = addQuantities(running, native);
  return compareQuantities(together, atStart) > 0 ? together : atStart;
}

import { milliValue, NANOS_PER_MILLI, type Quantity } from "./quantity.ts";

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

import {
  addQuantities,
  divideQuantity,
  multiplyQuantity,
  negateQuantity,
  quantityOfNumber,
  subtractQuantities,
} from "./arithmetic.ts";
import { compareQuantities, NANOS_PER_UNIT, type Quantity } from "./quantity.ts";
import type { Amounts } from "./run_steps.ts";

/** All amounts between two bounds, in whole units; a bound may be infinite. */
export interface AmountRange {
  readonly low: number;
  readonly high: number;
}

/** Range of amounts for a resource that has a request. */
export const anyPositiveAmount: AmountRange = { low: 1 / Number(NANOS_PER_UNIT), high: Infinity };

/** Range of an expression's results; it never exceeds the exact range. */
export const rangeAmounts: Amounts<AmountRange> = {
  ofQuantity: ({ nanos }) => point(Number(nanos) / Number(NANOS_PER_UNIT)),
  ofNumber: point,
  negate: ({ low, high }) => ({ low: -high, high: -low }),
  multiply: (range, factor) => scaled(range, (bound) => bound * factor),
  divide: (range, divisor) => scaled(range, (bound) => bound / divisor),
  combine: {
    "+": (left, right) => ({ low: left.low + right.low, high: left.high + right.high }),
    "-": (left, right) => ({ low: left.low - right.high, high: left.high - right.low }),
    max: (left, right) => ({
      low: Math.max(left.low, right.low),
      high: Math.max(left.high, right.high),
    }),
    min: (left, right) => ({
      low: Math.min(left.low, right.low),
      high: Math.min(left.high, right.high),
    }),
  },
};

function point(value: number): AmountRange {
  return { low: value, high: value };
}

function scaled({ low, high }: AmountRange, scale: (bound: number) => number): AmountRange {
  // Infinity times zero is not a number, but zero times any amount is zero.
  const bounds = [scale(low), scale(high)].map((bound) => Number.isNaN(bound) ? 0 : bound);
  return { low: Math.min(...bounds), high: Math.max(...bounds) };
}

/** Result of an expression; of equal amounts, `max` and `min` keep the left one's notation. */
export const exactAmounts: Amounts<Quantity> = {
  ofQuantity: (quantity) => quantity,
  ofNumber: quantityOfNumber,
  negate: negateQuantity,
  multiply: multiplyQuantity,
  divide: divideQuantity,
  combine: {
    "+": addQuantities,
    "-": subtractQuantities,
    max: (left, right) => compareQuantities(left, right) >= 0 ? left : right,
    min: (left, right) => compareQuantities(left, right) <= 0 ? left : right,
  },
};

import {
  addQuantities,
  divideQuantity,
  multiplyQuantity,
  negateQuantity,
  quantityOfNumber,
  subtractQuantities,
} from "./arithmetic.ts";
import { compareQuantities, type Quantity } from "./quantity.ts";
import type { Amounts } from "./run_steps.ts";

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

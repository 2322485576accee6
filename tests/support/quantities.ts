import assert from "node:assert/strict";
import { parseQuantity, type Quantity } from "../../lib/core/quantity/quantity.ts";

/** Reads what is known to be a quantity. */
export function quantityOf(value: string | number): Quantity {
  const quantity = parseQuantity(value);
  assert.ok(quantity !== undefined, `${value} is a quantity`);
  return quantity;
}

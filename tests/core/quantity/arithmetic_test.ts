import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  addQuantities,
  divideQuantity,
  multiplyQuantity,
  negateQuantity,
  quantityOfNumber,
  subtractQuantities,
} from "../../../lib/core/quantity/arithmetic.ts";
import {
  compareQuantities,
  formatQuantity,
  type Quantity,
} from "../../../lib/core/quantity/quantity.ts";
import { quantityOf } from "../../support/quantities.ts";

const anyQuantity: fc.Arbitrary<Quantity> = fc.record({
  nanos: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
  format: fc.constantFrom("DecimalSI", "BinarySI", "DecimalExponent"),
});

Deno.test("addQuantities() writes the sum as its left operand is written", () => {
  const cases = [
    ["1Gi", "100Mi", "1124Mi"],
    ["1G", "1Gi", "2073741824"],
    ["100m", "1Gi", "1073741824100m"],
    ["1e3", "1k", "2e3"],
  ] as const;
  for (const [left, right, sum] of cases) {
    assert.equal(formatQuantity(addQuantities(quantityOf(left), quantityOf(right))), sum);
  }
});

Deno.test("addQuantities() writes the sum as the right operand is written where the left one is zero", () => {
  assert.equal(formatQuantity(addQuantities(quantityOf("0"), quantityOf("2Gi"))), "2Gi");
});

Deno.test("addQuantities() canonicalises a text that was kept as written", () => {
  assert.equal(formatQuantity(addQuantities(quantityOf("1.500"), quantityOf("0"))), "1500m");
});

Deno.test("subtractQuantities() undoes addQuantities()", () => {
  fc.assert(fc.property(anyQuantity, anyQuantity, (left, right) => {
    const restored = subtractQuantities(addQuantities(left, right), right);
    assert.equal(compareQuantities(restored, left), 0);
  }));
});

Deno.test("negateQuantity() changes the sign and nothing else", () => {
  assert.equal(formatQuantity(negateQuantity(quantityOf("1Gi"))), "-1Gi");
  assert.equal(formatQuantity(negateQuantity(quantityOf("0"))), "0");
});

Deno.test("multiplyQuantity() cuts the product to milli units", () => {
  const cases = [
    ["1Gi", 0.5, "512Mi"],
    ["1m", 0.1, "0"],
    ["1Mi", 1.1, "1153433600m"],
    ["100m", 1.2345, "123m"],
    ["1500u", 1, "2m"],
    ["100m", -0.0155, "-1m"],
  ] as const;
  for (const [text, factor, product] of cases) {
    const result = multiplyQuantity(quantityOf(text), factor);
    assert.ok(result !== undefined);
    assert.equal(formatQuantity(result), product);
  }
});

Deno.test("multiplyQuantity() does not overflow at 64 bits", () => {
  const product = multiplyQuantity(quantityOf("9000P"), 2);
  assert.equal(product === undefined ? undefined : formatQuantity(product), "18E");
});

Deno.test("multiplyQuantity(), divideQuantity() and quantityOfNumber() return undefined beyond all numbers", () => {
  const huge = quantityOf("1e300");
  assert.equal(multiplyQuantity(huge, 1e300), undefined);
  assert.equal(divideQuantity(huge, 1e-300), undefined);
  assert.equal(divideQuantity(huge, 0), undefined);
  assert.equal(divideQuantity(quantityOf("0"), 0), undefined);
  assert.equal(quantityOfNumber(1e306), undefined);
});

Deno.test("divideQuantity() cuts the quotient to milli units", () => {
  const quotient = divideQuantity(quantityOf("1Gi"), 3);
  assert.equal(quotient === undefined ? undefined : formatQuantity(quotient), "357913941333m");
});

Deno.test("quantityOfNumber() cuts to milli units, towards zero", () => {
  assert.deepEqual(quantityOfNumber(0.6669), { nanos: 666_000_000n, format: "DecimalSI" });
  assert.deepEqual(quantityOfNumber(-0.0019), { nanos: -1_000_000n, format: "DecimalSI" });
});

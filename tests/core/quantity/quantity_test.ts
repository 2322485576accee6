import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  compareQuantities,
  formatQuantity,
  integerValue,
  milliValue,
  parseQuantity,
  roundUpToMilli,
} from "../../../lib/core/quantity/quantity.ts";
import { quantityOf } from "../../support/quantities.ts";

Deno.test("formatQuantity() writes the canonical text of what parseQuantity() read", () => {
  const cases: [string | number, string][] = [
    ["0", "0"],
    ["1", "1"],
    ["1000m", "1"],
    ["1500m", "1500m"],
    ["0.5", "500m"],
    [".5", "500m"],
    ["1.5Gi", "1536Mi"],
    ["0.5Gi", "512Mi"],
    ["1024Mi", "1Gi"],
    ["1024", "1024"],
    ["1000000", "1M"],
    ["1000Ki", "1000Ki"],
    ["0.1Ki", "102400m"],
    ["1.1Ki", "1126400m"],
    ["100n", "100n"],
    ["1000u", "1m"],
    ["-0.1m", "-100u"],
    ["0Mi", "0"],
    ["-1Gi", "-1Gi"],
    ["-2048Mi", "-2Gi"],
    ["1e3", "1e3"],
    ["129e6", "129e6"],
    ["1200e3", "1200e3"],
    ["12e5", "1200e3"],
    ["1E6", "1E6"],
    ["5E", "5E"],
    ["1e-3", "1e-3"],
    [2, "2"],
    [0.25, "250m"],
    [1073741824, "1073741824"],
    [1e21, "1e+21"],
    [1e-7, "100e-9"],
    [" 1Gi ", "1Gi"],
  ];
  for (const [text, canonical] of cases) {
    assert.equal(formatQuantity(quantityOf(text)), canonical, `${text}`);
  }
});

Deno.test("formatQuantity() keeps texts that are not canonical where Kubernetes keeps them", () => {
  for (const text of ["+5", "007", "1.500", "1.", "1.234k", "1025Ki", "010Ki", "1e0", "-1.500k"]) {
    assert.equal(formatQuantity(quantityOf(text)), text);
  }
});

Deno.test("formatQuantity() never drops the suffix of amounts beyond the largest one", () => {
  assert.equal(formatQuantity(quantityOf("3000E")), "3000E");
  assert.equal(formatQuantity({ nanos: 2n ** 70n * 10n ** 9n, format: "BinarySI" }), "1024Ei");
});

Deno.test("parseQuantity() rounds what is below a nano unit away from zero", () => {
  assert.equal(formatQuantity(quantityOf("0.1n")), "1n");
  assert.equal(formatQuantity(quantityOf("-1e-20")), "-1e-9");
});

Deno.test("parseQuantity() cuts binary amounts, and only those, at the largest int64", () => {
  assert.equal(formatQuantity(quantityOf("8Ei")), "9223372036854775807");
  assert.equal(formatQuantity(quantityOf("-100Ei")), "-9223372036854775807");
  assert.equal(formatQuantity(quantityOf("10E")), "10E");
});

Deno.test("parseQuantity() takes a text without digits for zero, as Kubernetes does", () => {
  for (const text of ["m", "+", ".", "Ki"]) assert.equal(formatQuantity(quantityOf(text)), "0");
});

Deno.test("parseQuantity() returns undefined for what is no quantity", () => {
  const wrong = [
    "",
    " ",
    "1K",
    "1mi",
    "1 Gi",
    "100MB",
    "1.1.1",
    "--1",
    "1+1",
    "1e",
    "1e1.5",
    "١",
    "x",
  ];
  for (const text of wrong) assert.equal(parseQuantity(text), undefined, text);
  assert.equal(parseQuantity(NaN), undefined);
  assert.equal(parseQuantity(Infinity), undefined);
});

Deno.test("parseQuantity() refuses texts whose cost would be out of proportion", () => {
  assert.equal(parseQuantity("9".repeat(2000)), undefined);
  assert.equal(parseQuantity("1e1000000000"), undefined);
  assert.equal(parseQuantity("1e-1000000000"), undefined);
});

Deno.test("parseQuantity() reads its own canonical texts as the same amount", () => {
  const parts = fc.tuple(
    fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
    fc.constantFrom("DecimalSI", "BinarySI", "DecimalExponent"),
  );
  fc.assert(fc.property(parts, ([nanos, format]) => {
    const text = formatQuantity({ nanos, format });
    assert.equal(quantityOf(text).nanos, nanos);
    assert.equal(formatQuantity(quantityOf(text)), text);
  }));
});

Deno.test("compareQuantities() compares amounts whatever their suffixes", () => {
  assert.equal(compareQuantities(quantityOf("1Gi"), quantityOf("1024Mi")), 0);
  assert.equal(compareQuantities(quantityOf("1000m"), quantityOf("1e0")), 0);
  assert.ok(compareQuantities(quantityOf("1G"), quantityOf("1Gi")) < 0);
  assert.ok(compareQuantities(quantityOf("1"), quantityOf("-2")) > 0);
});

Deno.test("roundUpToMilli() rounds away from zero and keeps the way of writing", () => {
  assert.equal(formatQuantity(roundUpToMilli(quantityOf("0.0001"))), "1m");
  assert.equal(formatQuantity(roundUpToMilli(quantityOf("-1n"))), "-1m");
  assert.equal(formatQuantity(roundUpToMilli(quantityOf("1500001e-6"))), "1501e-3");
});

Deno.test("roundUpToMilli() returns the same reference where nothing is to round", () => {
  const exact = quantityOf("1.500");
  assert.equal(roundUpToMilli(exact), exact);
});

Deno.test("milliValue() and integerValue() round away from zero", () => {
  assert.equal(milliValue(quantityOf("1500u")), 2n);
  assert.equal(milliValue(quantityOf("-1500u")), -2n);
  assert.equal(milliValue(quantityOf("2")), 2000n);
  assert.equal(integerValue(quantityOf("1500m")), 2n);
  assert.equal(integerValue(quantityOf("-100m")), -1n);
  assert.equal(integerValue(quantityOf("3Ki")), 3072n);
});

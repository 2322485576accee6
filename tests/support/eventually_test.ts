import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";

const soon = { what: "the light is green", timeout: 50, interval: 5 };

Deno.test("eventually() resolves to the first result that is neither undefined nor false", async () => {
  const results = [undefined, false, 0];
  assert.equal(await eventually(() => results.shift(), soon), 0);
});

Deno.test("eventually() goes on after an attempt that throws", async () => {
  let attempts = 0;
  const probe = () => {
    if (++attempts < 3) throw new Error("red");
    return attempts;
  };
  assert.equal(await eventually(probe, soon), 3);
});

Deno.test("eventually() reports at the deadline the condition and the result of the last attempt", async () => {
  await assert.rejects(
    eventually(() => Promise.reject(new Error("red")), soon),
    { message: "Cannot see that the light is green within 0.05 s: the last attempt failed: red" },
  );
  await assert.rejects(eventually(() => false, soon), /the last attempt gave false$/);
});

Deno.test("eventually() fails at once if there is a reason to", async () => {
  await assert.rejects(
    eventually(() => false, { ...soon, timeout: 60_000, unless: () => "the power is off" }),
    { message: "Cannot see that the light is green: the power is off" },
  );
});

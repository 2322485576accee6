import assert from "node:assert/strict";
import { fittingIn } from "../../../lib/core/registration/ca_bundle.ts";

Deno.test("fittingIn() takes the shortest certificates that fit, in a fixed order", () => {
  assert.deepEqual(fittingIn(["dddd", "bb", "aa", "ccc"], 7), ["aa", "bb", "ccc"]);
  assert.deepEqual(fittingIn(["ccc", "aa", "bb", "dddd"], 6), ["aa", "bb"]);
  assert.deepEqual(fittingIn(["dddd"], 3), []);
});

import assert from "node:assert/strict";
import { fittingIn } from "../../../lib/core/registration/ca_bundle.ts";

Deno.test("fittingIn() takes the shortest certificates as long as there is room, in an order that does not depend on who asks", () => {
  assert.deepEqual(fittingIn(["dddd", "bb", "aa", "ccc"], 7), ["aa", "bb", "ccc"]);
  assert.deepEqual(fittingIn(["ccc", "aa", "bb", "dddd"], 6), ["aa", "bb"]);
  assert.deepEqual(fittingIn(["dddd"], 3), []);
});

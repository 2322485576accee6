import assert from "node:assert/strict";
import { fnv32, safeEncode } from "../../../lib/core/revision/hash.ts";

Deno.test("safeEncode() maps each character by its code", () => {
  assert.equal(safeEncode("0123456789abcdef"), "456789bcdfvwxz24");
});

Deno.test("fnv32() gives the published FNV-1 values", () => {
  assert.equal(fnv32(""), 0x811c9dc5);
  assert.equal(fnv32("a"), 0x050c5d7e);
  assert.equal(fnv32("foobar"), 0x31f0b262);
});

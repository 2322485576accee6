import assert from "node:assert/strict";
import { DenialIndex } from "../../lib/index/denials.ts";
import { podOf } from "../support/objects.ts";

function saying(message: string, status = "False") {
  const pod = podOf();
  return { ...pod, status: { conditions: [{ type: "SidecarSetUpgradable", status, message }] } };
}

Deno.test("DenialIndex knows which Pods deny it of which SidecarSets", () => {
  const index = new DenialIndex();
  assert.deepEqual(index.apply("a", saying('{"x":false,"y":true,"z":false}')), ["x", "z"]);
  index.apply("b", saying('{"x":false}'));
  assert.deepEqual([...index.of("x")], ["a", "b"]);
  assert.deepEqual([...index.of("y")], []);
  index.apply("a", saying('{"x":true}', "True"));
  index.apply("b", undefined);
  assert.deepEqual([...index.names()], []);
});

Deno.test("DenialIndex takes names for what they are", () => {
  const index = new DenialIndex();
  index.apply("a", saying('{"__proto__":false,"constructor":false}'));
  assert.deepEqual([...index.names()].toSorted(), ["__proto__", "constructor"]);
});

import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import { deniedSidecarSets } from "../../lib/core/rollout/upgradable.ts";
import { injectedNames, InvertedIndex, workloadOf } from "../../lib/index/inverted_index.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

function listing(list: string): Pod {
  const pod = podOf({ injected: [sidecarSetOf()] });
  const annotations = { "kruise.io/sidecarset-injected-list": list };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

function owned(uid: string | undefined): Pod {
  const pod = podOf();
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", controller: true };
  const ownerReferences = uid === undefined ? [] : [{ ...owner, uid }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

function reporting(message: string, status = "False"): Pod {
  const conditions = [{ type: "SidecarSetUpgradable", status, message }];
  return { ...podOf(), status: { conditions } };
}

Deno.test("InvertedIndex follows Pods from value to value, and drops values without Pods", () => {
  const index = new InvertedIndex(workloadOf);
  index.apply("a", undefined, owned("v"));
  index.apply("b", undefined, owned("v"));
  assert.deepEqual([...index.of("v")], ["a", "b"]);
  index.apply("a", owned("v"), owned("w"));
  assert.deepEqual([[...index.of("v")], [...index.of("w")]], [["b"], ["a"]]);
  index.apply("a", owned("w"), owned(undefined));
  index.apply("b", owned("v"), undefined);
  assert.deepEqual([index.size, [...index.values()]], [0, []]);
});

Deno.test("InvertedIndex keeps the SidecarSets that Pods report as not upgradable, whatever their names", () => {
  const index = new InvertedIndex(deniedSidecarSets);
  const pod = reporting('{"x":false,"y":true,"z":false}');
  assert.deepEqual(index.apply("a", undefined, pod), ["x", "z"]);
  index.apply("b", undefined, reporting('{"__proto__":false,"constructor":false}'));
  assert.deepEqual([...index.values()].toSorted(), ["__proto__", "constructor", "x", "z"]);
  assert.deepEqual(index.apply("a", pod, reporting('{"x":true}', "True")), []);
  assert.equal(index.of("x").size, 0);
});

Deno.test("injectedNames() returns no more names of a Pod than it has containers", () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `s-${i}`);
  assert.deepEqual(injectedNames(listing(names.join(","))), ["s-0", "s-1"]);
});

Deno.test("injectedNames() returns only names that a SidecarSet can have, each once", () => {
  const list = ",..,a b,web,web,../x,constructor,__proto__";
  assert.deepEqual(injectedNames(listing(list)), ["web", "constructor"]);
});

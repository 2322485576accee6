import assert from "node:assert/strict";
import { WorkloadIndex } from "../../lib/index/workloads.ts";
import { podOf } from "../support/objects.ts";

function owned(uid: string | undefined) {
  const pod = podOf();
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", controller: true };
  const ownerReferences = uid === undefined ? [] : [{ ...owner, uid }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

Deno.test("WorkloadIndex follows Pods from workload to workload, and forgets workloads without Pods", () => {
  const index = new WorkloadIndex();
  const podsOf = (uid: string) => [...index.podsOf(uid)];
  index.apply("a", owned("v"));
  index.apply("b", owned("v"));
  assert.deepEqual(podsOf("v"), ["a", "b"]);
  index.apply("a", owned("w"));
  assert.deepEqual([podsOf("v"), podsOf("w")], [["b"], ["a"]]);
  index.apply("a", owned(undefined));
  index.apply("b", undefined);
  assert.equal(index.size, 0);
});

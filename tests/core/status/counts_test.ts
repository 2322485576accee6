import assert from "node:assert/strict";
import fc from "fast-check";
import { countPods, NO_PODS, PodTrait, recount } from "../../../lib/core/status/pod_class.ts";

const bits = Object.values(PodTrait);
const podClass = fc.subarray(bits).map((chosen) => chosen.reduce((sum, bit) => sum + bit, 0));

Deno.test("countPods() counts Pods that are both updated and ready", () => {
  const { Matched, Updated, Ready } = PodTrait;
  const counts = countPods([Matched | Updated, Matched | Ready, Matched | Updated | Ready, 0]);
  assert.deepEqual(counts, {
    ...NO_PODS,
    matchedPods: 3,
    updatedPods: 2,
    readyPods: 2,
    updatedReadyPods: 1,
  });
});

Deno.test("recount() after any change equals a full count", () => {
  fc.assert(fc.property(fc.array(podClass), podClass, podClass, (others, before, after) => {
    const counted = countPods([...others, before]);
    assert.deepEqual(recount(counted, before, after), countPods([...others, after]));
  }));
});

Deno.test("recount() gives the same counts back where the class is the same", () => {
  const counts = countPods([PodTrait.Matched]);
  assert.equal(recount(counts, PodTrait.Matched, PodTrait.Matched), counts);
});

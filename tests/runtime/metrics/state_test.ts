import assert from "node:assert/strict";
import type { Condition } from "../../../lib/api/sidecarset_status.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { conditionSamples } from "../../../lib/runtime/metrics/state.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

const condition = (
  type: string,
  status: Condition["status"],
  reason: string,
): Condition => ({ type, status, reason, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" });
const ready = condition("Ready", "True", "InForce");
const stuck = condition("Progressing", "False", "ProgressDeadlineExceeded");

function samplesOf(conditions: readonly Condition[], { pods }: { pods: number }) {
  const index = new ClusterIndex();
  const prepared = sidecarSetOf({ name: "agent", status: { conditions: [...conditions] } });
  index.applySidecarSet(prepared);
  for (let i = 0; i < pods; i++) index.applyPod(podOf({ name: `web-${i}`, injected: [prepared] }));
  return [...conditionSamples(index)].map(({ labels: { type, status, reason }, value }) =>
    `${type}=${status} ${reason} ${value}`
  );
}

Deno.test("conditionSamples has each condition of a SidecarSet with Pods", () => {
  assert.deepEqual(samplesOf([ready, stuck], { pods: 1 }), [
    "Ready=True InForce 1",
    "Progressing=False ProgressDeadlineExceeded 1",
  ]);
});

Deno.test("conditionSamples leaves out a SidecarSet without Pods, unless it is not Ready", () => {
  assert.deepEqual(samplesOf([ready], { pods: 0 }), []);
  const refused = condition("Ready", "False", "ScopeTooLarge");
  assert.deepEqual(samplesOf([refused], { pods: 0 }), ["Ready=False ScopeTooLarge 1"]);
  assert.deepEqual(samplesOf([], { pods: 0 }), []);
});

import assert from "node:assert/strict";
import { NO_PODS } from "../../../lib/core/status/pod_class.ts";
import { storedProgress } from "../../../lib/core/status/next_status.ts";

const condition = {
  type: "Progressing",
  status: "False" as const,
  reason: "ProgressDeadlineExceeded",
  message: "",
  lastTransitionTime: "2026-01-01T00:10:00Z",
};
const stored = {
  observedGeneration: 2,
  updatedPods: 3,
  updatedReadyPods: 2,
  conditions: [condition],
};
const facts = {
  generation: 2,
  counts: { ...NO_PODS, updatedPods: 3, updatedReadyPods: 2 },
  deadlineSeconds: 600,
};

Deno.test("storedProgress() keeps a passed deadline passed after a restart", () => {
  assert.equal(storedProgress(stored, facts), "2026-01-01T00:00:00.000Z");
});

Deno.test("storedProgress() knows nothing once a Pod or the spec has changed, or before a deadline has passed", () => {
  const { counts } = facts;
  const rolling = { ...stored, conditions: [{ ...condition, reason: "RollingOut" }] };
  assert.equal(storedProgress(undefined, facts), undefined);
  assert.equal(storedProgress(rolling, facts), undefined);
  assert.equal(storedProgress(stored, { ...facts, generation: 3 }), undefined);
  const ready = { ...counts, updatedReadyPods: 3 };
  assert.equal(storedProgress(stored, { ...facts, counts: ready }), undefined);
});

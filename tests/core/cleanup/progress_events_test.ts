import assert from "node:assert/strict";
import type { CleanupProgress } from "../../../lib/api/cleanup_record.ts";
import { cleanupEvents } from "../../../lib/core/cleanup/record.ts";

const none: CleanupProgress = { remaining: 0, blocked: {} };
const some: CleanupProgress = { remaining: 2, blocked: {} };
const stuck: CleanupProgress = {
  remaining: 2,
  blocked: {
    NotRecreated: { pods: 1, example: "default/a", message: "no controller would recreate it" },
  },
};

const reasons = (before: CleanupProgress, after: CleanupProgress) =>
  cleanupEvents(before, after).map(({ type, reason }) => `${type} ${reason}`);

Deno.test("cleanupEvents() returns an event for the start, the end and each new blocker", () => {
  assert.deepEqual(reasons(none, some), ["Normal CleanupStarted"]);
  assert.deepEqual(reasons(some, { ...some, remaining: 1 }), []);
  assert.deepEqual(reasons(some, stuck), ["Warning NotRecreated"]);
  assert.deepEqual(reasons(stuck, stuck), []);
  assert.deepEqual(reasons(stuck, none), ["Normal CleanupCompleted"]);
});

Deno.test("cleanupEvents() names an example and the blocker", () => {
  const [event] = cleanupEvents(some, stuck);
  assert.equal(
    event?.note,
    "1 Pod waits for the clean-up, for example default/a: no controller would recreate it",
  );
});

Deno.test("cleanupEvents() returns Normal events for temporary blockers", () => {
  const budget = { BudgetUsed: { pods: 3, example: "", message: "1 may be" } };
  assert.deepEqual(reasons(some, { remaining: 3, blocked: budget }), ["Normal BudgetUsed"]);
});

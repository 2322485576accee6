import assert from "node:assert/strict";
import type { Condition } from "../../../lib/api/sidecarset_status.ts";
import { conditionsDueAt } from "../../../lib/core/status/conditions.ts";
import { NO_PODS } from "../../../lib/core/status/pod_class.ts";
import type { StatusFacts } from "../../../lib/core/status/facts.ts";
import { nextStatus } from "../../../lib/core/status/next_status.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");

function facts(changed: Partial<StatusFacts> = {}): StatusFacts {
  return deepFrozen({
    generation: 2,
    counts: { ...NO_PODS, matchedPods: 3, updatedPods: 1, readyPods: 3, updatedReadyPods: 1 },
    latestRevision: "mesh-2",
    collisionCount: 0,
    effective: { effectiveSince: "2026-01-01T00:00:00Z", selectionHash: "abc" },
    problems: [],
    injectionPaused: false,
    registration: { inForceSince: "2026-06-01T11:00:00Z" },
    rollout: {
      reason: "RollingOut",
      lastProgress: "2026-06-01T11:59:00Z",
      progressDeadlineSeconds: 600,
    },
    evictions: [],
    now: new Date(NOW),
    ...changed,
  });
}

function condition(type: string, changed: Partial<StatusFacts>): Condition {
  const found = nextStatus(undefined, facts(changed)).conditions?.find((one) => one.type === type);
  assert.ok(found);
  return found;
}

Deno.test("nextStatus() carries the counts of the generation that was counted", () => {
  const status = nextStatus(undefined, facts());
  assert.equal(status.observedGeneration, 2);
  assert.equal(status.matchedPods, 3);
  assert.equal(status.latestRevision, "mesh-2");
  assert.equal(status.collisionCount, 0);
});

Deno.test("nextStatus() gives the previous status back where nothing has changed", () => {
  const status = deepFrozen(nextStatus(undefined, facts()));
  assert.equal(nextStatus(status, facts({ now: new Date(NOW + 5000) })), status);
});

Deno.test("nextStatus() keeps a condition's time while its status stays", () => {
  const before = deepFrozen(nextStatus(undefined, facts()));
  const counts = { ...facts().counts, updatedPods: 2 };
  const after = nextStatus(before, facts({ counts, now: new Date(NOW + 5000) }));
  const progressing = after.conditions?.find(({ type }) => type === "Progressing");
  assert.equal(progressing?.lastTransitionTime, "2026-06-01T12:00:00Z");
  assert.match(progressing?.message ?? "", /^2 of 3 Pods are updated/);
  const readyBefore = before.conditions?.find(({ type }) => type === "Ready");
  assert.equal(after.conditions?.find(({ type }) => type === "Ready"), readyBefore);
});

Deno.test("nextStatus() stores effectiveSince with the selection's hash, and drops both together", () => {
  const before = nextStatus(undefined, facts());
  assert.deepEqual([before.effectiveSince, before.selectionHash], ["2026-01-01T00:00:00Z", "abc"]);
  const after = nextStatus(before, facts({ injectionPaused: true, effective: {} }));
  assert.ok(!Object.hasOwn(after, "effectiveSince") && !Object.hasOwn(after, "selectionHash"));
});

Deno.test("nextStatus() leaves the conditions of others as they are", () => {
  const foreign: Condition = {
    type: "Example",
    status: "True",
    reason: "Any",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const status = nextStatus({ conditions: [foreign] }, facts());
  assert.equal(status.conditions?.at(-1), foreign);
});

Deno.test("Ready says what keeps new Pods from getting this generation", async (t) => {
  const problem = { reason: "FieldValueInvalid", field: "spec.selector", message: "bad" } as const;
  const obstacle = { reason: "ScopeTooLarge", message: "too many selectors" } as const;
  const fallback = { reason: "PolicyUnsupported", message: "depends on the Pod" } as const;
  const cases: [string, string, Partial<StatusFacts>][] = [
    ["InForce", "True", {}],
    ["InvalidSidecarSet", "False", { problems: [problem] }],
    ["InjectionPaused", "False", { injectionPaused: true }],
    ["ScopeTooLarge", "False", { registration: { obstacle } }],
    ["NotRegistered", "False", { registration: {} }],
    ["PolicySettling", "False", {
      registration: { ...facts().registration, isPolicySettling: true },
    }],
    ["PolicyUnsupported", "True", { registration: { ...facts().registration, fallback } }],
    ["RegistrationSettling", "False", { registration: { inForceSince: "2026-06-01T11:59:59Z" } }],
  ];
  for (const [reason, status, changed] of cases) {
    await t.step(reason, () => {
      const ready = condition("Ready", changed);
      assert.deepEqual([ready.reason, ready.status], [reason, status]);
    });
  }
});

Deno.test("Progressing turns False once the deadline has passed without progress", () => {
  const rollout = { ...facts().rollout, lastProgress: "2026-06-01T11:50:00Z" };
  const late = condition("Progressing", { rollout });
  assert.deepEqual([late.reason, late.status], ["ProgressDeadlineExceeded", "False"]);
  const paused = condition("Progressing", { rollout: { ...rollout, reason: "Paused" } });
  assert.deepEqual([paused.reason, paused.status], ["Paused", "Unknown"]);
});

Deno.test("Progressing names the numbers and what holds the roll-out back", () => {
  const counts = { ...facts().counts, notUpgradablePods: 2 };
  const rollout = { ...facts().rollout, reason: "NotUpgradable", detail: "shop/web-0" } as const;
  assert.equal(
    condition("Progressing", { counts, rollout }).message,
    "1 of 3 Pods are updated, 2 cannot be updated in place; the remaining Pods cannot be upgraded " +
      "in place: shop/web-0",
  );
});

Deno.test("PodsMissed counts, and gives the commonest reason with an example", () => {
  const counts = { ...facts().counts, missedPods: 2 };
  const missed = { reason: "ContainerNameConflict", example: "shop/web-0" } as const;
  const found = condition("PodsMissed", { counts, missed });
  assert.deepEqual([found.status, found.reason], ["True", "ContainerNameConflict"]);
  assert.match(found.message, /^2 Pods were missed, for example shop\/web-0: /);
  assert.equal(condition("PodsMissed", {}).status, "False");
});

Deno.test("PodsMissed reports workloads whose Pods are refused, and counts no Pod for them", () => {
  const refused = { workloads: 2, example: "ReplicaSet shop/web", text: "must specify for: agent" };
  const found = condition("PodsMissed", { refused });
  assert.deepEqual([found.status, found.reason], ["True", "PodRefused"]);
  const sentence =
    "2 workloads lack Pods, which the API server refuses because of the sidecar, for " +
    "example ReplicaSet shop/web: must specify for: agent";
  assert.equal(found.message, sentence);
  const counts = { ...facts().counts, missedPods: 1 };
  const missed = { reason: "NotReviewed", example: "shop/web-0" } as const;
  const both = condition("PodsMissed", { counts, missed, refused });
  assert.equal(both.reason, "NotReviewed");
  assert.match(
    both.message,
    /^1 Pod was missed, for example shop\/web-0: .*; 2 workloads lack Pods/,
  );
});

Deno.test("conditionsDueAt() names the next time at which time alone changes a condition", () => {
  assert.equal(conditionsDueAt(facts()), Date.parse("2026-06-01T12:09:00Z"));
  const rollout = { ...facts().rollout, reason: "UpToDate" } as const;
  assert.equal(conditionsDueAt(facts({ rollout })), undefined);
  const registration = { inForceSince: "2026-06-01T11:59:59Z" };
  assert.equal(conditionsDueAt(facts({ rollout, registration })), NOW + 2000);
});

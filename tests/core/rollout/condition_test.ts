import assert from "node:assert/strict";
import { upgradableCondition } from "../../../lib/core/rollout/upgradable.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { pod } from "./scene.ts";

const now = "2026-06-01T12:00:00Z";
const entry = { sidecarSetName: "mesh", upgradable: true, now, exists: () => true };

function podSaying(message: string, status: "True" | "False") {
  const target = pod("a");
  const condition = {
    type: "SidecarSetUpgradable",
    status,
    message,
    reason: "any",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  return deepFrozen({ ...target, status: { ...target.status, conditions: [condition] } });
}

Deno.test("upgradableCondition() is False while one SidecarSet cannot be upgraded", () => {
  const condition = upgradableCondition(podSaying('{"log":false}', "False"), entry);
  assert.deepEqual(condition, {
    type: "SidecarSetUpgradable",
    status: "False",
    reason: "UpdateImmutableField",
    message: '{"log":false,"mesh":true}',
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
});

Deno.test("upgradableCondition() forgets SidecarSets that no longer exist", () => {
  const condition = upgradableCondition(podSaying('{"gone":false}', "False"), {
    ...entry,
    exists: (name) => name !== "gone",
  });
  assert.equal(condition?.status, "True");
  assert.equal(condition?.message, '{"mesh":true}');
  assert.equal(condition?.lastTransitionTime, now);
});

Deno.test("upgradableCondition() has nothing to write where the Pod says it already", () => {
  assert.equal(upgradableCondition(podSaying('{"mesh":true}', "True"), entry), undefined);
});

Deno.test("upgradableCondition() replaces an unreadable message", () => {
  const condition = upgradableCondition(podSaying("no JSON", "False"), entry);
  assert.equal(condition?.message, '{"mesh":true}');
});

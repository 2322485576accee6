import assert from "node:assert/strict";
import { TERMINATE_ENV } from "../../../lib/api/names.ts";
import type { Pod, PodSpec } from "../../../lib/api/pod.ts";
import { hasMainEnded } from "../../../lib/core/status/containers.ts";
import { classifyPod, PodTrait } from "../../../lib/core/status/pod_class.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import { meshAt2, pod, type PodDetails, snapshotOf } from "../rollout/scene.ts";

/** A Pod whose main container has ended with a code while its sidecar runs on. */
function ended(exitCode: number, restartPolicy: string, details: PodDetails = {}): Pod {
  const running = pod("a", { ready: false, ...details });
  const containerStatuses =
    running.status?.containerStatuses?.map((status) =>
      status.name === "main" ? { ...status, state: { terminated: { exitCode } } } : status
    ) ?? [];
  return withSpec(
    { ...running, status: { ...running.status, containerStatuses } },
    { restartPolicy },
  );
}

function withSpec(target: Pod, spec: Partial<PodSpec>): Pod {
  return { ...target, spec: { ...target.spec, ...spec } };
}

Deno.test("hasMainEnded() follows the restart policy", () => {
  assert.equal(hasMainEnded(ended(0, "Never")), true);
  assert.equal(hasMainEnded(ended(1, "Never")), true);
  assert.equal(hasMainEnded(ended(0, "OnFailure")), true);
  assert.equal(hasMainEnded(ended(1, "OnFailure")), false);
  assert.equal(hasMainEnded(ended(0, "Always")), false);
  assert.equal(hasMainEnded(withSpec(pod("a"), { restartPolicy: "Never" })), false);
});

Deno.test("hasMainEnded() follows the restart rules of a container", () => {
  const target = ended(42, "Never");
  const rule = { action: "Restart", exitCodes: { operator: "In", values: [42] } };
  const containers = target.spec.containers.map((container) =>
    container.name === "main" ? { ...container, restartPolicyRules: [rule] } : container
  );
  assert.equal(hasMainEnded(withSpec(target, { containers })), false);
});

Deno.test("hasMainEnded() waits for every container that is no sidecar", () => {
  const target = ended(0, "Never");
  const [main, agent] = target.spec.containers;
  assert.ok(main && agent);
  const other = { name: "other", image: "other:1" };
  assert.equal(hasMainEnded(withSpec(target, { containers: [main, agent, other] })), false);
  const ends = { ...other, env: [{ name: TERMINATE_ENV, value: "true" }] };
  assert.equal(hasMainEnded(withSpec(target, { containers: [main, agent, ends] })), true);
  assert.equal(hasMainEnded(withSpec(target, { containers: [agent] })), false);
});

Deno.test("a Pod whose main containers have ended is neither repaired nor upgraded, nor uses budget", () => {
  const prepared = meshAt2({ driftPolicy: "Repair", maxUnavailable: 1 });
  const drifted = ended(0, "Never", { hash: "hash-2", image: "nop:1", generation: 2 });
  const outdated = ended(1, "Never");
  const other = { ...pod("b"), metadata: { ...pod("b").metadata, name: "b", uid: "uid-b" } };
  for (const done of [drifted, outdated]) {
    assert.equal(classifyPod(done, prepared, { selected: true }), 0);
    const plan = planRollout(snapshotOf(prepared, [done, other]));
    assert.deepEqual(plan.updates.map(({ name }) => name), ["b"]);
  }
  assert.equal(planRollout(snapshotOf(prepared, [drifted, outdated])).reason, "UpToDate");
  const still = withSpec(drifted, { restartPolicy: "Always" });
  assert.ok(classifyPod(still, prepared, { selected: true }) & PodTrait.Drifted);
});

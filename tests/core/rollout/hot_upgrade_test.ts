import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import { hotUpgradeStep, planFlip } from "../../../lib/core/rollout/hot_upgrade.ts";
import { hotMeshAt2, hotPod } from "./scene.ts";

const mesh = hotMeshAt2();
const [agent] = mesh.sidecarSet.spec.containers ?? [];

function step(pod: Pod) {
  assert.ok(agent !== undefined);
  const changes = hotUpgradeStep(pod, mesh, agent);
  return changes && {
    images: Object.fromEntries(changes.images),
    annotations: Object.fromEntries(changes.annotations),
    working: Object.fromEntries(changes.working),
  };
}

/** The Pod with one container's readiness changed. */
function withReady(pod: Pod, name: string, ready: boolean): Pod {
  const containerStatuses =
    pod.status?.containerStatuses?.map((status) =>
      status.name === name ? { ...status, ready } : status
    ) ?? [];
  return { ...pod, status: { ...pod.status, containerStatuses } };
}

Deno.test("hotUpgradeStep() gives the new image to the empty half and names it as working", () => {
  const pod = hotPod("a", {
    images: ["agent:1", "empty:1"],
    working: "agent-1",
    annotations: { "version.sidecarset.kruise.io/agent-1": "1" },
  });
  assert.deepEqual(step(pod), {
    images: { "agent-2": "agent:2" },
    annotations: {
      "version.sidecarset.kruise.io/agent-2": "77",
      "versionalt.sidecarset.kruise.io/agent-2": "1",
      "versionalt.sidecarset.kruise.io/agent-1": "77",
    },
    working: { agent: "agent-2" },
  });
});

Deno.test("hotUpgradeStep() replaces the half that does not come up while the other one serves", () => {
  const pod = hotPod("a", { images: ["agent:1", "agent:bad"], working: "agent-2" });
  assert.deepEqual(step(withReady(pod, "agent-2", false))?.images, { "agent-2": "agent:2" });
});

Deno.test("hotUpgradeStep() empties the bad half when going back to the image that serves", () => {
  const pod = hotPod("a", { images: ["agent:2", "agent:bad"], working: "agent-2" });
  assert.deepEqual(step(withReady(pod, "agent-2", false)), {
    images: { "agent-2": "empty:1" },
    annotations: {
      "version.sidecarset.kruise.io/agent-2": "0",
      "versionalt.sidecarset.kruise.io/agent-1": "0",
    },
    working: { agent: "agent-1" },
  });
});

Deno.test("hotUpgradeStep() changes nothing where the working half has the image", () => {
  assert.equal(
    step(hotPod("a", { images: ["agent:2", "empty:1"], working: "agent-1" })),
    undefined,
  );
});

Deno.test("planFlip() empties the old half once the new one is up", () => {
  const pod = hotPod("a", { images: ["agent:1", "agent:2"], working: "agent-2" });
  const changes = planFlip(pod, mesh);
  assert.deepEqual(Object.fromEntries(changes?.images ?? []), { "agent-1": "empty:1" });
  assert.deepEqual(Object.fromEntries(changes?.annotations ?? []), {
    "version.sidecarset.kruise.io/agent-1": "0",
    "versionalt.sidecarset.kruise.io/agent-2": "0",
  });
});

Deno.test("planFlip() waits for the new half", () => {
  const pod = hotPod("a", { images: ["agent:1", "agent:2"], working: "agent-2", ready: false });
  assert.equal(planFlip(pod, mesh), undefined);
});

Deno.test("planFlip() leaves a half that is empty by another empty image", () => {
  const pod = hotPod("a", {
    images: ["agent:1", "empty:0"],
    working: "agent-1",
    template: "with-empty-0",
    annotations: { "version.sidecarset.kruise.io/agent-2": "0" },
  });
  assert.equal(planFlip(pod, mesh), undefined);
});

Deno.test("planFlip() never empties both halves", () => {
  const pod = hotPod("a", { images: ["empty:1", "agent:1"], working: "agent-1" });
  assert.equal(planFlip(pod, mesh), undefined);
});

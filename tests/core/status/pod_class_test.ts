import assert from "node:assert/strict";
import { INPLACE_UPDATE_STATE_ANNOTATION, MIRROR_POD_ANNOTATION } from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { POD_PATCHES_ANNOTATION } from "../../../lib/core/annotations/pod_patches.ts";
import { upgradability } from "../../../lib/core/rollout/upgradable.ts";
import {
  type ClassifyContext,
  classifyPod,
  hasTrait,
  PodTrait,
} from "../../../lib/core/status/pod_class.ts";
import { hotMeshAt2, hotPod, meshAt2, pod } from "../rollout/scene.ts";

const selected: ClassifyContext = { selected: true };

/** Names of the traits that the Pod has. */
function traits(target: Pod, context = selected, prepared = meshAt2()): string[] {
  const podClass = classifyPod(target, prepared, context);
  return Object.entries(PodTrait).filter(([, bit]) => hasTrait(podClass, bit)).map(([name]) =>
    name
  );
}

/** The Pod as it would be had nothing been injected. */
function uninjected(target: Pod): Pod {
  const { annotations: _, ...metadata } = target.metadata;
  return { ...target, metadata };
}

Deno.test("classifyPod() distinguishes updated and ready Pods from outdated ones", () => {
  assert.deepEqual(traits(pod("a", { hash: "hash-2", image: "agent:2" })), [
    "Matched",
    "Updated",
    "Ready",
  ]);
  assert.deepEqual(traits(pod("a")), ["Matched", "Ready"]);
  assert.deepEqual(traits(pod("a", { ready: false })), ["Matched"]);
});

Deno.test("classifyPod() gives 0 to a Pod that is not selected or has ended", () => {
  assert.equal(classifyPod(pod("a"), meshAt2(), { selected: false }), 0);
  const ended = { ...pod("a"), status: { phase: "Succeeded" } };
  assert.equal(classifyPod(ended, meshAt2(), selected), 0);
});

Deno.test("classifyPod() calls an outdated Pod not upgradable when more than images differs", () => {
  assert.deepEqual(traits(pod("a", { template: "other" })), ["Matched", "Ready", "NotUpgradable"]);
});

Deno.test("classifyPod() matches a Pod that lacks a container added later, as not upgradable", () => {
  const prepared = meshAt2({}, {
    containers: [{ name: "agent", image: "agent:2" }, { name: "log", image: "log:1" }],
  });
  assert.deepEqual(traits(pod("a"), selected, prepared), ["Matched", "Ready", "NotUpgradable"]);
});

Deno.test("classifyPod() still matches a Pod whose container has left the SidecarSet", () => {
  const prepared = meshAt2({}, { containers: [{ name: "log", image: "log:1" }] });
  assert.deepEqual(traits(pod("a"), selected, prepared), ["Matched", "Ready", "NotUpgradable"]);
});

Deno.test("classifyPod() does not believe an annotation without a marked container", () => {
  const target = pod("a");
  const containers = target.spec.containers.map(({ name, image = "" }) => ({ name, image }));
  assert.deepEqual(traits({ ...target, spec: { ...target.spec, containers } }), ["Uninjected"]);
});

Deno.test("classifyPod() calls a Pod missed only if it was created while the selection was active", () => {
  const target = uninjected(pod("a"));
  const created = "2026-01-01T00:00:00Z";
  assert.equal(target.metadata.creationTimestamp, created);
  const since = (effectiveSince: string) => traits(target, { ...selected, effectiveSince });
  assert.deepEqual(since("2025-12-31T23:59:59Z"), ["Uninjected", "Missed"]);
  assert.deepEqual(since(created), ["Uninjected", "Missed"]);
  assert.deepEqual(since("2026-01-01T00:00:01Z"), ["Uninjected"]);
  assert.deepEqual(traits(target), ["Uninjected"]);
});

Deno.test("classifyPod() never calls a Pod missed that came to be selected by a change of labels", () => {
  const context = { ...selected, effectiveSince: "2025-01-01T00:00:00Z", selectedLater: true };
  assert.deepEqual(traits(uninjected(pod("a")), context), ["Uninjected"]);
});

Deno.test("classifyPod() never calls a Pod missed that is never injected", () => {
  const context = { ...selected, effectiveSince: "2025-01-01T00:00:00Z" };
  const target = uninjected(pod("a"));
  assert.deepEqual(traits(target, context), ["Uninjected", "Missed"]);
  assert.deepEqual(traits(target, { ...context, excluded: true }), ["Uninjected"]);
  const annotations = { [MIRROR_POD_ANNOTATION]: "hash" };
  const mirror = { ...target, metadata: { ...target.metadata, annotations } };
  assert.deepEqual(traits(mirror, context), ["Uninjected"]);
});

Deno.test("classifyPod() sees an image change that the kubelet has not made yet", () => {
  const state = {
    revision: "hash-2",
    lastContainerStatuses: { agent: { imageID: "id of agent:1" } },
  };
  const target = pod("a", {
    hash: "hash-2",
    image: "agent:2",
    runs: "agent:1",
    annotations: { [INPLACE_UPDATE_STATE_ANNOTATION]: JSON.stringify({ mesh: state }) },
  });
  assert.deepEqual(traits(target), ["Matched", "Updated", "InFlight"]);
});

Deno.test("classifyPod() calls a Pod with two real halves half upgraded, not ready", () => {
  const target = hotPod("a", {
    images: ["agent:1", "agent:2"],
    working: "agent-2",
    hash: "hash-2",
  });
  assert.deepEqual(traits(target, selected, hotMeshAt2()), ["Matched", "Updated", "HalfUpgraded"]);
});

Deno.test("classifyPod() keeps a Pod ready whose empty image is that of an older template", () => {
  const target = hotPod("a", {
    images: ["agent:1", "empty:0"],
    working: "agent-1",
    template: "with-empty-0",
    annotations: { "version.sidecarset.kruise.io/agent-2": "0" },
  });
  assert.deepEqual(traits(target, selected, hotMeshAt2()), ["Matched", "Ready", "NotUpgradable"]);
});

Deno.test("classifyPod() distinguishes drift from rewriting at admission by the Pod's generation", () => {
  const changed = { hash: "hash-2", image: "other:1" };
  const drifted = traits(pod("a", { ...changed, generation: 2 }));
  assert.ok(drifted.includes("Drifted") && !drifted.includes("Rewritten"));
  const rewritten = traits(pod("a", { ...changed, generation: 1 }));
  assert.ok(rewritten.includes("Rewritten") && !rewritten.includes("Drifted"));
  const unknown = traits(pod("a", changed));
  assert.ok(!unknown.includes("Rewritten") && !unknown.includes("Drifted"));
});

Deno.test("classifyPod() counts a Pod without the current patches as outdated, and not upgradable", () => {
  const notUpgradable = ["Matched", "Ready", "NotUpgradable"];
  const patching = { ...meshAt2(), patchHash: "patch-2" };
  const recording = (hash: string, target: Pod): Pod => ({
    ...target,
    metadata: {
      ...target.metadata,
      annotations: {
        ...target.metadata.annotations,
        [POD_PATCHES_ANNOTATION]: JSON.stringify({ mesh: { hash } }),
      },
    },
  });
  const current = pod("a", { hash: "hash-2", image: "agent:2" });
  // As OpenKruise injects it, without a record of patches.
  assert.deepEqual(traits(current, selected, patching), notUpgradable);
  assert.deepEqual(traits(recording("patch-1", current), selected, patching), notUpgradable);
  assert.deepEqual(traits(recording("patch-2", current), selected, patching), [
    "Matched",
    "Updated",
    "Ready",
  ]);
  assert.deepEqual(traits(recording("patch-2", pod("a")), selected, patching), [
    "Matched",
    "Ready",
  ]);
  assert.deepEqual(traits(recording("patch-2", current)), notUpgradable);
});

Deno.test("upgradability() names patchContainers where a Pod lacks the current patches", () => {
  assert.deepEqual(upgradability(pod("a"), { ...meshAt2(), patchHash: "patch-2" }), {
    kind: "NotUpgradable",
    reason: "NotUpgradable",
    message: "patchContainers differs from what the Pod was created with",
  });
});

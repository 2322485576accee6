import assert from "node:assert/strict";
import { CleanupCandidates } from "../../../lib/controller/cleanup/candidates.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { idle } from "./scene.ts";

const PODS = 200;

/** Pods with the sidecars of a SidecarSet that no longer selects them. */
function setUp() {
  const index = new ClusterIndex();
  index.applyNamespace({ metadata: { name: "default", labels: {} } });
  const current = sidecarSetOf({
    spec: { ...idle, selector: { matchLabels: { app: "other" } } },
  });
  index.applySidecarSet(current);
  const put = (i: number, app = "web", resourceVersion = "1") =>
    index.applyPod(
      podOf({ name: `pod-${i}`, labels: { app }, injected: [current], resourceVersion }),
    );
  for (let i = 0; i < PODS; i++) put(i);
  const candidates = new CleanupCandidates(index);
  index.changes.subscribe((change) => {
    if (change.kind === "pod") candidates.observePod(change.key);
  });
  return { index, current, candidates, put };
}

Deno.test("CleanupCandidates checks Pods in steps, and those that change meanwhile by their events", () => {
  const { current, candidates, put } = setUp();
  const steps = candidates.track(current);
  steps.next();
  assert.ok(!candidates.isTracked(current));
  put(0, "other", "2");
  put(PODS - 1, "other", "2");
  runAtOnce(steps);
  assert.ok(candidates.isTracked(current));
  assert.equal(candidates.of("web").size, PODS - 2);
});

Deno.test("CleanupCandidates checks all Pods again for the next generation, and no Pod twice for one", () => {
  const { index, current, candidates } = setUp();
  runAtOnce(candidates.track(current));
  assert.ok(candidates.track(current).next().done);
  const next = sidecarSetOf({ spec: idle, generation: 2, resourceVersion: "2" });
  index.applySidecarSet(next);
  assert.ok(!candidates.isTracked(next));
  runAtOnce(candidates.track(next));
  assert.equal(candidates.of("web").size, 0);
});

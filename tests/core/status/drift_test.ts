import assert from "node:assert/strict";
import { INJECTED_ENV, INPLACE_UPDATE_STATE_ANNOTATION } from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import {
  IDLE_ANNOTATION,
  STORED_IMAGES_ANNOTATION,
  storedImagesWithout,
} from "../../../lib/core/annotations/image_records.ts";
import {
  assessImages,
  rewrittenImages,
  storedImagesRecord,
} from "../../../lib/core/status/drift.ts";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import { projectPod } from "../../../lib/index/projection.ts";
import { hotMeshAt2, hotPod, meshAt2, pod, type PodDetails } from "../rollout/scene.ts";

const current = { hash: "hash-2" };

function driftOf(target: ObservedPod): string[] {
  return assessImages(target, meshAt2()).drift.map(({ container, storedImage, foundImage }) =>
    `${container}: ${foundImage} instead of ${storedImage}`
  );
}

function rewrittenOf(target: ObservedPod): Record<string, string> {
  return Object.fromEntries(assessImages(target, meshAt2()).rewritten);
}

/**
 * With entries of `managedFields`: a creator of the Pod's own container, and the given owner of the sidecar's image.
 */
function ownedBy(target: Pod, manager: string | undefined): Pod {
  const entry = (name: string, container: string) => ({
    manager: name,
    time: "2026-01-01T00:00:00Z",
    fieldsV1: {
      "f:spec": { "f:containers": { [`k:{"name":"${container}"}`]: { "f:image": {} } } },
    },
  });
  const managedFields = [
    entry("kube-controller-manager", "main"),
    ...(manager === undefined ? [] : [entry(manager, "agent")]),
  ];
  return { ...target, metadata: { ...target.metadata, managedFields } };
}

const rewritten = (details: PodDetails = {}) =>
  pod("a", { ...current, image: "mirror/agent:2", ...details });

Deno.test("assessImages() finds nothing in a Pod with the SidecarSet's image", () => {
  const target = pod("a", { ...current, image: "agent:2", generation: 2 });
  assert.deepEqual([driftOf(target), rewrittenOf(target)], [[], {}]);
});

Deno.test("assessImages() sees an image that was changed after the Pod had been stored", () => {
  const target = pod("a", { ...current, image: "evil:1", generation: 2 });
  assert.deepEqual(driftOf(target), ["agent: evil:1 instead of agent:2"]);
});

Deno.test("assessImages() takes a differing image of an unchanged Pod for one that a webhook has rewritten", () => {
  const unchanged = rewritten({ generation: 1 });
  assert.deepEqual(driftOf(unchanged), []);
  assert.deepEqual(rewrittenOf(unchanged), { agent: "mirror/agent:2" });
  const annotations = { [INPLACE_UPDATE_STATE_ANNOTATION]: "{}" };
  const older = rewritten({ generation: 1, annotations });
  assert.equal(driftOf(older).length, 1, "its first change was the first to be counted");
});

Deno.test("assessImages() compares with the recorded image, whatever the generation", () => {
  const annotations = { [STORED_IMAGES_ANNOTATION]: '{"agent":"mirror/agent:2"}' };
  const later = rewritten({ generation: 5, annotations });
  assert.deepEqual([driftOf(later), rewrittenOf(later)], [[], {}]);
  const changed = pod("a", { ...current, image: "agent:2", annotations, generation: 5 });
  assert.deepEqual(driftOf(changed), ["agent: agent:2 instead of mirror/agent:2"]);
});

Deno.test("assessImages() knows by the owner of an image whether a client has changed it, at any generation", () => {
  const gated = rewritten({ generation: 3 });
  for (const manager of [undefined, "sidecarset"]) {
    const target = ownedBy(gated, manager);
    for (const each of [target, projectPod(target)]) {
      assert.deepEqual(driftOf(each), [], `${manager}`);
      assert.deepEqual(rewrittenOf(each), { agent: "mirror/agent:2" }, `${manager}`);
    }
  }
  const changed = ownedBy(gated, "kubectl-set");
  for (const each of [changed, projectPod(changed)]) {
    assert.deepEqual(driftOf(each), ["agent: mirror/agent:2 instead of agent:2"]);
    assert.deepEqual(rewrittenOf(each), {});
  }
});

Deno.test("assessImages() looks at the owners of native sidecars too", () => {
  const target = ownedBy(rewritten({ generation: 3 }), undefined);
  const [main, agent] = target.spec.containers;
  assert.ok(main && agent);
  const key = 'k:{"name":"agent"}';
  const fieldsV1 = { "f:spec": { "f:initContainers": { [key]: { "f:image": {} } } } };
  const managedFields = [...target.metadata.managedFields ?? [], { manager: "evil", fieldsV1 }];
  const env = [{ name: INJECTED_ENV, value: "true" }];
  const native: Pod = {
    ...target,
    metadata: { ...target.metadata, managedFields },
    spec: { containers: [main], initContainers: [{ ...agent, env, restartPolicy: "Always" }] },
  };
  const prepared = meshAt2({}, {
    containers: [],
    initContainers: [{ name: "agent", image: "agent:2", restartPolicy: "Always" }],
  });
  assert.equal(assessImages(projectPod(native), prepared).drift.length, 1);
});

Deno.test("assessImages() leaves idle images to the clean-up", () => {
  const annotations = { [IDLE_ANNOTATION]: '{"agent":{"image":"agent:2","restarts":0}}' };
  const idle = pod("a", { ...current, image: "idle:1", annotations, generation: 2 });
  for (const each of [idle, ownedBy(idle, "sidecarset")]) {
    assert.deepEqual([driftOf(each), rewrittenOf(each)], [[], {}]);
  }
});

Deno.test("assessImages() leaves outdated Pods to the roll-out", () => {
  assert.deepEqual([driftOf(pod("a")), rewrittenOf(pod("a"))], [[], {}]);
});

Deno.test("rewrittenImages() records both halves of a pair, each with its desired image", () => {
  const versions = (first: string, second: string) => ({
    "version.sidecarset.kruise.io/agent-1": first,
    "version.sidecarset.kruise.io/agent-2": second,
  });
  const flipped = hotPod("a", {
    ...current,
    images: ["mirror/agent:2", "mirror/empty:1"],
    working: "agent-1",
    annotations: versions("77", "0"),
  });
  assert.deepEqual(Object.fromEntries(rewrittenImages(flipped, hotMeshAt2())), {
    "agent-1": "mirror/agent:2",
    "agent-2": "mirror/empty:1",
  });
  const outdated = hotPod("a", {
    images: ["mirror/agent:1", "mirror/empty:1"],
    working: "agent-1",
    annotations: versions("77", "0"),
  });
  assert.deepEqual([...rewrittenImages(outdated, hotMeshAt2())], [["agent-2", "mirror/empty:1"]]);
  const serving = hotPod("a", {
    ...current,
    images: ["mirror/agent:2", "mirror/agent:1"],
    working: "agent-1",
    annotations: versions("77", "60"),
  });
  assert.deepEqual([...rewrittenImages(serving, hotMeshAt2())], [["agent-1", "mirror/agent:2"]]);
});

Deno.test("storedImagesRecord() extends what a Pod records, and says when there is nothing new", () => {
  const target = pod("a", { annotations: { [STORED_IMAGES_ANNOTATION]: '{"log":"b"}' } });
  assert.equal(storedImagesRecord(target, new Map([["agent", "a"]])), '{"agent":"a","log":"b"}');
  assert.equal(storedImagesRecord(target, new Map([["log", "b"]])), undefined);
});

Deno.test("storedImagesWithout() forgets what is about to change, and the annotation with the last of it", () => {
  const annotations = { [STORED_IMAGES_ANNOTATION]: '{"agent":"a","log":"b"}' };
  const target = pod("a", { annotations });
  assert.equal(storedImagesWithout(target, ["agent"]), '{"log":"b"}');
  assert.equal(storedImagesWithout(target, ["agent", "log"]), null);
});

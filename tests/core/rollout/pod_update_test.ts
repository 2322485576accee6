import assert from "node:assert/strict";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
} from "../../../lib/api/names.ts";
import { RESTART_COUNTS_ANNOTATION } from "../../../lib/core/annotations/inplace_state.ts";
import { POD_PATCHES_ANNOTATION } from "../../../lib/core/annotations/pod_patches.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { type PodPatch, upgradePatch } from "../../../lib/core/rollout/pod_update.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { meshAt2, pod } from "./scene.ts";

const now = "2026-06-01T12:00:00Z";

function patchOf(target: Pod, prepared: PreparedSidecarSet = meshAt2()): PodPatch {
  const patched = upgradePatch(deepFrozen(target), { prepared: deepFrozen(prepared), now });
  assert.ok(patched.ok);
  return patched.patch;
}

Deno.test("upgradePatch() names the container, its image, and the state that it is made for", () => {
  const { metadata, spec } = patchOf(pod("a"));
  assert.deepEqual(spec, { containers: [{ name: "agent", image: "agent:2" }] });
  assert.equal(metadata.uid, "uid-a");
  assert.equal(metadata.resourceVersion, "5");
});

Deno.test("upgradePatch() records hash, revision and the image id that the change started from", () => {
  const { annotations } = patchOf(pod("a")).metadata;
  assert.deepEqual(Object.keys(annotations).sort(), [
    HASH_ANNOTATION,
    INPLACE_UPDATE_STATE_ANNOTATION,
    RESTART_COUNTS_ANNOTATION,
  ]);
  assert.equal(
    annotations[HASH_ANNOTATION],
    `{"mesh":{"updateTimestamp":"${now}","hash":"hash-2","sidecarSetName":"mesh",` +
      `"sidecarList":["agent"],"controllerRevision":"mesh-2"}}`,
  );
  assert.equal(
    annotations[INPLACE_UPDATE_STATE_ANNOTATION],
    `{"mesh":{"revision":"hash-2","updateTimestamp":"${now}",` +
      `"lastContainerStatuses":{"agent":{"imageID":"id of agent:1"}}}}`,
  );
});

Deno.test("upgradePatch() records restart counts of changed containers next to those of others", () => {
  const record = { updateTimestamp: "2026-02-01T00:00:00Z", restartCounts: { other: 1 } };
  const annotations = {
    [RESTART_COUNTS_ANNOTATION]: JSON.stringify({ log: record, mesh: record }),
  };
  const target = pod("a", { annotations });
  const containerStatuses = target.status?.containerStatuses?.map((status) => ({
    ...status,
    restartCount: 7,
  })) ?? [];
  const text = patchOf({ ...target, status: { ...target.status, containerStatuses } })
    .metadata.annotations[RESTART_COUNTS_ANNOTATION];
  assert.deepEqual(JSON.parse(text ?? ""), {
    log: record,
    mesh: { updateTimestamp: now, restartCounts: { agent: 7, other: 1 } },
  });
});

Deno.test("upgradePatch() changes the image of a native sidecar among the init containers", () => {
  const prepared = meshAt2({}, {
    containers: [],
    initContainers: [{ name: "agent", image: "agent:2", restartPolicy: "Always" }],
  });
  const target = pod("a");
  const [main, agent] = target.spec.containers;
  assert.ok(main !== undefined && agent !== undefined);
  const { spec } = patchOf({
    ...target,
    spec: { containers: [main], initContainers: [{ ...agent, restartPolicy: "Always" }] },
  }, prepared);
  assert.deepEqual(spec, { initContainers: [{ name: "agent", image: "agent:2" }] });
});

Deno.test("upgradePatch() touches no container where the image is the same already", () => {
  assert.equal(patchOf(pod("a", { image: "agent:2" })).spec, undefined);
});

Deno.test("upgradePatch() applies the metadata patches again", () => {
  const prepared = meshAt2({}, {
    patchPodMetadata: [{ annotations: { kept: "new", added: "new" } }],
  });
  const { annotations } = patchOf(pod("a", { annotations: { kept: "old" } }), prepared).metadata;
  assert.equal(annotations.added, "new");
  assert.equal(Object.hasOwn(annotations, "kept"), false);
});

Deno.test("upgradePatch() sets labels as it sets annotations, and records the values before", () => {
  const prepared = meshAt2({}, {
    patchPodMetadata: [
      { labels: { app: "kept", added: "new" } },
      { labels: { tier: "new" }, patchPolicy: "Overwrite" },
    ],
  });
  const target = pod("a");
  const labelled = { ...target.metadata, labels: { app: "web", tier: "old" } };
  const { labels, annotations } = patchOf({ ...target, metadata: labelled }, prepared).metadata;
  assert.deepEqual(labels, { added: "new", tier: "new" });
  assert.equal(
    annotations[POD_PATCHES_ANNOTATION],
    '{"mesh":{"labels":{"added":null,"tier":"old"}}}',
  );
  assert.equal(patchOf(pod("a")).metadata.labels, undefined);
});

Deno.test("upgradePatch() keeps the first recorded value of a label", () => {
  const prepared = meshAt2({}, {
    patchPodMetadata: [{ labels: { tier: "third" }, patchPolicy: "Overwrite" }],
  });
  const record = '{"mesh":{"labels":{"tier":"first"}}}';
  const target = pod("a", { annotations: { [POD_PATCHES_ANNOTATION]: record } });
  const labelled = { ...target.metadata, labels: { app: "web", tier: "second" } };
  const { annotations } = patchOf({ ...target, metadata: labelled }, prepared).metadata;
  assert.equal(annotations[POD_PATCHES_ANNOTATION], undefined);
});

Deno.test("upgradePatch() rewrites both annotations of the old form, each entry under its name", () => {
  const target = pod("a", {
    annotations: {
      [HASH_ANNOTATION]: '{"mesh":"hash-1","other":"x"}',
      [HASH_WITHOUT_IMAGE_ANNOTATION]: '{"mesh":"template"}',
    },
  });
  const { annotations } = patchOf(target).metadata;
  assert.equal(
    annotations[HASH_WITHOUT_IMAGE_ANNOTATION],
    `{"mesh":{"updateTimestamp":"${now}","hash":"template","sidecarSetName":"mesh","sidecarList":null}}`,
  );
  assert.equal(
    JSON.parse(annotations[HASH_ANNOTATION] ?? "").other.sidecarSetName,
    "other",
  );
});

Deno.test("upgradePatch() keeps annotation keys that are names of object members", () => {
  const changes = JSON.parse('{"__proto__": "value"}');
  const prepared = meshAt2({}, { patchPodMetadata: [{ annotations: changes }] });
  const { annotations } = patchOf(pod("a"), prepared).metadata;
  assert.equal(Object.getOwnPropertyDescriptor(annotations, "__proto__")?.value, "value");
});

import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import {
  HASH_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import {
  IDLE_ANNOTATION,
  STORED_IMAGES_ANNOTATION,
} from "../../../lib/core/annotations/image_records.ts";
import { RESTART_COUNTS_ANNOTATION } from "../../../lib/core/annotations/inplace_state.ts";
import { POD_PATCHES_ANNOTATION } from "../../../lib/core/annotations/pod_patches.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { InjectRequest } from "../../../lib/core/inject/contract.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { frozen, podWith, prepared, requestFor } from "./fixtures.ts";

const INJECTED_AT = new Date("2026-01-02T03:00:00Z");
const NOW = new Date("2026-01-02T03:04:05Z");

const OLD: SidecarSetSpec = {
  initContainers: [{ name: "setup", image: "setup:1" }],
  containers: [{
    name: "agent",
    image: "agent:1",
    args: ["--old"],
    volumeMounts: [{ name: "conf", mountPath: "/conf" }],
  }, { name: "log", image: "log:1" }],
  volumes: [{ name: "conf", configMap: { name: "old", defaultMode: 420 } }],
};
const NEW: SidecarSetSpec = {
  containers: [{
    name: "agent",
    image: "agent:2",
    args: ["--new"],
    volumeMounts: [{ name: "conf", mountPath: "/conf" }],
  }],
  volumes: [{ name: "conf", configMap: { name: "new", defaultMode: 420 } }],
};

const old = prepared("web", OLD, { revisionName: "web-1" });
const current = prepared("web", NEW, { revisionName: "web-2" });
const REVISIONS: ControllerRevision[] = [{
  metadata: { name: "web-1", labels: { "kruise.io/sidecarset-name": "web" } },
  data: JSON.parse(JSON.stringify({ spec: OLD })),
  revision: 1,
}];

function run(pod: Pod, selecting: PreparedSidecarSet, more: Partial<InjectRequest> = {}) {
  const request = { now: NOW, revisionsOf: () => REVISIONS, ...more };
  const injection = inject(requestFor(frozen(pod), [selecting], request));
  return { ...injection, pod: injectedPod(pod, injection.patch) };
}

/** A stored Pod's manifest, as an export has it. */
const exported = (selecting = old, own = podWith()) =>
  run(own, selecting, { now: INJECTED_AT }).pod;

/** The Pod as a review brings it: `managedFields` name what the client has sent at that time. */
function sent(pod: Pod, time = NOW.toISOString()): Pod {
  const fields = Object.keys(pod.metadata.annotations ?? {}).map((key) => [`f:${key}`, {}]);
  const fieldsV1 = { "f:metadata": { "f:annotations": Object.fromEntries(fields) } };
  const managedFields = [{ manager: "kubectl-replace", operation: "Update", time, fieldsV1 }];
  return { ...pod, metadata: { ...pod.metadata, managedFields } };
}

function withAnnotations(pod: Pod, annotations: Record<string, string>): Pod {
  const all = { ...pod.metadata.annotations, ...annotations };
  return { ...pod, metadata: { ...pod.metadata, annotations: all } };
}

function withImages(pod: Pod, rename: (image: string) => string): Pod {
  const containers = pod.spec.containers.map((container) => ({
    ...container,
    image: rename(container.image ?? ""),
  }));
  return { ...pod, spec: { ...pod.spec, containers } };
}

const mirrored = (pod: Pod) => withImages(pod, (image) => `mirror/${image}`);

const bare = ({ metadata: { managedFields: _, ...metadata }, ...pod }: Pod) => ({
  ...pod,
  metadata,
});

Deno.test("inject() gives a copy of an injected Pod exactly what a new Pod gets", () => {
  const fresh = run(podWith({ volumes: [] }), current).pod;
  for (const copy of [exported(), sent(exported())]) {
    const result = run(copy, current);
    assert.deepEqual(result.injected, [{ sidecarSet: "web", revision: "web-2", isNew: true }]);
    const { spec: { initContainers, ...spec }, ...pod } = bare(result.pod);
    assert.deepEqual(initContainers, []);
    assert.deepEqual({ ...pod, spec }, fresh);
  }
});

Deno.test("inject() leaves a copy alone in a second call, with what other webhooks have made of it", () => {
  const first = run(sent(exported()), current);
  assert.deepEqual(run(first.pod, current).patch, []);
  const { patch, pod } = run(mirrored(first.pod), current, {
    now: new Date("2026-01-02T03:04:09Z"),
  });
  assert.deepEqual(patch, [{
    op: "add",
    path: `/metadata/annotations/${STORED_IMAGES_ANNOTATION.replace("/", "~1")}`,
    value: '{"agent":"mirror/agent:2"}',
  }]);
  assert.deepEqual(run(pod, current).patch, []);
});

Deno.test("inject() finds an earlier call of the same creation by managedFields", () => {
  const own = sent(podWith({}, { own: "annotation" }));
  const first = run(own, old, { now: INJECTED_AT });
  const { patch, injected } = run(first.pod, current, { now: new Date("2027-01-01T00:00:00Z") });
  assert.deepEqual(patch, []);
  assert.deepEqual(injected, [{ sidecarSet: "web", revision: "web-1", isNew: false }]);
});

Deno.test("inject() renews what a copy has of the current revision", () => {
  const drifted = withImages(exported(current), (image) => image.replace("agent:2", "odd:1"));
  const result = run(sent(drifted), current);
  assert.equal(result.pod.spec.containers[0]?.image, "agent:2");
  const records = JSON.parse(result.pod.metadata.annotations?.[HASH_ANNOTATION] ?? "");
  assert.equal(records.web.updateTimestamp, "2026-01-02T03:04:05Z");
});

Deno.test("inject() keeps an injected manifest without managedFields that is new, or of the current revision", () => {
  const soon = new Date(INJECTED_AT.getTime() + 59_000);
  assert.deepEqual(run(exported(), current, { now: soon }).patch, []);
  assert.deepEqual(run(exported(current), current).patch, []);
});

Deno.test("inject() takes records of changes in place for the proof of a copy, and drops them", () => {
  const state = {
    web: { updateTimestamp: "", lastContainerStatuses: { agent: { imageID: "x" } } },
  };
  const records: Record<string, string>[] = [
    { [INPLACE_UPDATE_STATE_ANNOTATION]: JSON.stringify(state) },
    { [RESTART_COUNTS_ANNOTATION]: '{"web":{"updateTimestamp":"","restartCounts":{"agent":3}}}' },
    { [IDLE_ANNOTATION]: '{"agent":{"image":"agent:2","restarts":3}}' },
  ];
  const clean = run(exported(current), current).pod;
  for (const annotations of records) {
    const stored = { ...annotations, [STORED_IMAGES_ANNOTATION]: '{"agent":"mirror/agent:2"}' };
    const copy = withAnnotations(withImages(exported(current), () => "idle:1"), stored);
    const { pod } = run(copy, current);
    assert.equal(pod.spec.containers[0]?.image, "agent:2");
    assert.deepEqual(
      Object.keys(pod.metadata.annotations ?? {}),
      Object.keys(clean.metadata.annotations ?? {}),
    );
  }
});

Deno.test("inject() begins again with the first half of a copied hot-upgrade pair", () => {
  const hot = prepared("web", {
    containers: [{
      name: "agent",
      image: "agent:2",
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
    }],
  }, { revisionName: "web-2" });
  const copy = withAnnotations(exported(hot), {
    [WORKING_HOT_UPGRADE_ANNOTATION]: '{"agent":"agent-2"}',
    "version.sidecarset.kruise.io/agent-1": "0",
    "version.sidecarset.kruise.io/agent-2": "77",
  });
  const { pod } = run(withImages(copy, () => "odd:1"), hot);
  const fresh = run(podWith(), hot).pod;
  assert.deepEqual(pod.metadata.annotations, fresh.metadata.annotations);
  assert.deepEqual(
    pod.spec.containers.slice(0, 2).map(({ image }) => image),
    ["agent:2", "empty:1"],
  );
});

Deno.test("inject() keeps volumes of a copy that its own containers use, or that differ from what was injected", () => {
  const volumes = [{ name: "conf", emptyDir: {} }];
  const different = run(sent(exported(old, podWith({ volumes }))), current).pod;
  assert.deepEqual(different.spec.volumes, volumes);
  const copy = exported();
  const containers = copy.spec.containers.map((container) =>
    container.name === "main"
      ? { ...container, volumeMounts: [{ name: "conf", mountPath: "/x" }] }
      : container
  );
  const shared = { ...copy, spec: { ...copy.spec, containers } };
  assert.deepEqual(run(sent(shared), current).pod.spec.volumes, OLD.volumes);
});

Deno.test("inject() touches no stored Pod, and no copy while its SidecarSet injects nothing", () => {
  const copy = exported();
  const stored = { ...copy, metadata: { ...copy.metadata, uid: "u" } };
  assert.deepEqual(run(sent(stored), current).patch, []);
  const paused = prepared("web", { ...NEW, injectionStrategy: { paused: true } });
  assert.deepEqual(run(sent(copy), paused).patch, []);
});

Deno.test("inject() keeps a copy at either revision that a partial pin gives to new Pods", () => {
  const partial = prepared("web", {
    ...NEW,
    injectionStrategy: { revision: { revisionName: "web-1", policy: "Partial" } },
    updateStrategy: { partition: 0 },
  }, { revisionName: "web-2" });
  const first = run(sent(exported()), partial);
  assert.equal(first.injected[0]?.revision, "web-2");
  const pinned = { ...partial.sidecarSet.spec, updateStrategy: { partition: "100%" } };
  const other = prepared("web", pinned, { revisionName: "web-2" });
  assert.deepEqual(run(first.pod, other).patch, []);
});

Deno.test("inject() leaves containers alone that carry the mark without being the SidecarSet's", () => {
  const foreign = {
    name: "other",
    image: "other:1",
    env: [{ name: "IS_INJECTED", value: "true" }],
  };
  const copy = exported(old, podWith({ containers: [{ name: "main", image: "m" }, foreign] }));
  const listed = `other,${copy.metadata.annotations?.[INJECTED_LIST_ANNOTATION]}`;
  const { pod } = run(sent(withAnnotations(copy, { [INJECTED_LIST_ANNOTATION]: listed })), current);
  assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["agent", "main", "other"]);
  assert.equal(pod.metadata.annotations?.[INJECTED_LIST_ANNOTATION], "other,web");
});

Deno.test("inject() gives a copy its labels back, and those that a new Pod gets", () => {
  const labelling = (labels: Record<string, string>, name: string) =>
    prepared("web", {
      ...NEW,
      patchPodMetadata: [{ labels, patchPolicy: "Overwrite" }],
    }, { revisionName: name });
  const own = podWith();
  const before = { ...own, metadata: { ...own.metadata, labels: { app: "web", tier: "own" } } };
  const copy = exported(labelling({ tier: "old", gone: "x" }, "web-1"), before);
  assert.deepEqual(copy.metadata.labels, { app: "web", tier: "old", gone: "x" });
  const { pod } = run(sent(copy), labelling({ added: "1" }, "web-2"));
  assert.deepEqual(pod.metadata.labels, { app: "web", tier: "own", added: "1" });
  assert.equal(
    pod.metadata.annotations?.[POD_PATCHES_ANNOTATION],
    '{"web":{"labels":{"added":null}}}',
  );
});

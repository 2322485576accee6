import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import { IDLE_ANNOTATION } from "../../../lib/core/annotations/image_records.ts";
import {
  type CleanupAction,
  type CleanupSnapshot,
  type CleanupWrite,
  needsCleanup,
  planCleanup,
} from "../../../lib/core/cleanup/plan.ts";
import { applyStrategicImages } from "../../support/applied_images.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

const web = sidecarSetOf();
const other = sidecarSetOf({
  name: "log",
  spec: { containers: [{ name: "log", image: "log:1" }] },
});
const idle: CleanupAction = { type: "Idle", idleImage: "idle:1" };
const hash = "kruise.io/sidecarset-hash";
const list = "kruise.io/sidecarset-injected-list";

interface Details extends Partial<CleanupSnapshot> {
  current?: typeof web | undefined;
  selected?: boolean;
}

function plan(pods: readonly Pod[], action: CleanupAction, details: Details = {}) {
  const { current, selected = true, ...rest } = details;
  return runAtOnce(planCleanup(deepFrozen({
    scope: { sidecarSet: "web", current, selects: () => selected, knownSidecars: [] },
    action,
    maxUnavailable: 1,
    pods,
    pending: new Set<string>(),
    room: 100,
    retryAt: new Map<string, number>(),
    now: new Date("2026-02-01T00:00:00Z"),
    ...rest,
  })));
}

const injected = (name: string, state: "Ready" | "Running" = "Ready") =>
  podOf({ name, state, injected: [web, other] });

const kinds = (writes: readonly CleanupWrite[]) =>
  writes.map(({ kind, pod }) => `${kind} ${pod.metadata.name}`);

Deno.test("planCleanup() with Retain only removes a deleted SidecarSet's name from its Pods, all at once", () => {
  const pods = ["a", "b", "c"].map((name) => injected(name));
  const { writes, remaining } = plan(pods, { type: "Retain" });
  assert.deepEqual(kinds(writes), ["Release a", "Release b", "Release c"]);
  assert.equal(remaining, 3);
  const [first] = writes;
  assert.ok(first);
  assert.ok(!("spec" in first.patch));
  const released = applyStrategicImages(injected("a"), first.patch);
  assert.equal(released.metadata.annotations?.[list], "log");
  assert.deepEqual(Object.keys(JSON.parse(released.metadata.annotations?.[hash] ?? "")), ["log"]);
  assert.deepEqual(
    plan([released], { type: "Retain" }).writes,
    [],
    "a second step has nothing to do",
  );
});

Deno.test("planCleanup() removes annotations that name nothing else", () => {
  const alone = podOf({ name: "a", injected: [web] });
  const [write] = plan([alone], { type: "Retain" }).writes;
  const released = applyStrategicImages(alone, write?.patch ?? {});
  // The sidecar stays in front of the Pod's own container.
  assert.deepEqual(released.metadata.annotations, {
    "kubectl.kubernetes.io/default-container": "main",
  });
});

Deno.test("planCleanup() with Retain leaves Pods alone while the SidecarSet exists", () => {
  const details = { current: web, selected: false };
  assert.deepEqual(plan([injected("a")], { type: "Retain" }, details).writes, []);
});

Deno.test("planCleanup() makes sidecars of unselected Pods idle, within maxUnavailable", () => {
  const pods = ["a", "b", "c"].map((name) => injected(name));
  const { writes, heldBack, remaining } = plan(pods, idle, { current: web, selected: false });
  assert.deepEqual([kinds(writes), heldBack, remaining], [["Idle a"], 2, 3]);
  assert.deepEqual(writes[0]?.patch, {
    metadata: {
      uid: "uid-of-a",
      resourceVersion: "1",
      annotations: { [IDLE_ANNOTATION]: '{"agent":{"image":"agent:1","restarts":0}}' },
    },
    spec: { containers: [{ name: "agent", image: "idle:1" }] },
  });
});

Deno.test("planCleanup() counts a Pod as unavailable until its idle image runs, and those that are not ready", () => {
  const details = { current: web, selected: false };
  const [write] = plan([injected("a")], idle, details).writes;
  const becoming = applyStrategicImages(injected("a"), write?.patch ?? {});
  const restarted = {
    ...becoming,
    status: {
      ...becoming.status,
      containerStatuses: becoming.status?.containerStatuses?.map((status) => ({
        ...status,
        restartCount: 1,
      })) ?? [],
    },
  };
  assert.deepEqual(kinds(plan([becoming, injected("b")], idle, details).writes), []);
  assert.deepEqual(kinds(plan([restarted, injected("b")], idle, details).writes), ["Idle b"]);
  assert.deepEqual(
    kinds(plan([injected("a", "Running"), injected("b")], idle, details).writes),
    ["Idle a"],
    "a Pod that is not ready costs nothing, but no other may become unavailable with it",
  );
});

Deno.test("planCleanup() returns the image to a Pod that is selected again", () => {
  const details = { current: web, selected: false };
  const [write] = plan([injected("a")], idle, details).writes;
  const idled = applyStrategicImages(injected("a"), write?.patch ?? {});
  const again = plan([idled], idle, { current: web });
  assert.deepEqual(kinds(again.writes), ["Return a"]);
  const returned = applyStrategicImages(idled, again.writes[0]?.patch ?? {});
  assert.equal(returned.spec.containers.find(({ name }) => name === "agent")?.image, "agent:1");
  assert.equal(returned.metadata.annotations?.[IDLE_ANNOTATION], undefined);
  assert.deepEqual(plan([returned], idle, { current: web }).writes, []);
});

Deno.test("planCleanup() releases a Pod of a deleted SidecarSet only when its idle sidecars run", () => {
  const { writes } = plan([injected("a")], idle);
  const becoming = applyStrategicImages(injected("a"), writes[0]?.patch ?? {});
  assert.equal(becoming.spec.containers.find(({ name }) => name === "agent")?.image, "idle:1");
  const next = plan([becoming, injected("b")], idle);
  assert.deepEqual(
    [kinds(next.writes), next.remaining],
    [[], 2],
    "b may not become unavailable with a",
  );
  const notReady = plan([restartedWith(becoming, { ready: false }), injected("b")], idle);
  assert.deepEqual([kinds(notReady.writes), notReady.remaining], [[], 2]);
  const idled = restartedWith(becoming, { ready: true });
  const [release] = plan([idled], idle).writes;
  assert.equal(release?.kind, "Release");
  const done = applyStrategicImages(idled, release.patch);
  assert.equal(done.metadata.annotations?.[list], "log");
  assert.equal(plan([done], idle).remaining, 0);
});

/** The Pod once the kubelet has restarted its containers; the Pod's own condition stays. */
function restartedWith(pod: Pod, { ready }: { ready: boolean }): Pod {
  const containerStatuses = (pod.status?.containerStatuses ?? [])
    .map((status) => ({ ...status, restartCount: 1, ready }));
  return { ...pod, status: { ...pod.status, containerStatuses } };
}

Deno.test("planCleanup() cleans up only the containers that the SidecarSet no longer lists", () => {
  const two = {
    containers: [{ name: "agent", image: "agent:1" }, { name: "extra", image: "x:1" }],
  };
  const before = sidecarSetOf({ spec: two });
  const pod = podOf({ name: "a", injected: [before] });
  const [write] = plan([pod], idle, { current: web }).writes;
  assert.ok(write && "spec" in write.patch);
  assert.deepEqual(write.patch.spec, { containers: [{ name: "extra", image: "idle:1" }] });
  const pinned = sidecarSetOf({ spec: { injectionStrategy: { revision: { revisionName: "r" } } } });
  assert.deepEqual(plan([pod], idle, { current: pinned }).writes, []);
});

Deno.test("planCleanup() leaves a container of the Pod's author alone that has a sidecar's name", () => {
  const pod = podOf({ name: "a", injected: [web] });
  const unmarked = {
    ...pod,
    spec: { ...pod.spec, containers: [{ name: "agent", image: "own:1" }] },
  };
  assert.deepEqual(kinds(plan([unmarked], idle).writes), ["Release a"]);
});

Deno.test("planCleanup() with Evict names the Pods for the eviction rule", () => {
  const { writes, evictions, remaining } = plan([injected("a")], { type: "Evict" });
  assert.deepEqual([writes, remaining], [[], 1]);
  assert.deepEqual(evictions.map(({ surplus }) => surplus), [
    { cause: "SidecarSetDeleted", containers: ["agent"] },
  ]);
});

Deno.test("planCleanup() leaves Pods alone that are being written to, or failed too recently", () => {
  const pending = new Set(["uid-of-a"]);
  assert.deepEqual(plan([injected("a")], idle, { pending }).writes, []);
  const later = Date.parse("2026-02-01T00:00:05Z");
  const failed = plan([injected("a")], idle, { retryAt: new Map([["uid-of-a", later]]) });
  assert.deepEqual([failed.writes, failed.waitUntil], [[], later]);
});

Deno.test("planCleanup() does not look at Pods that have ended", () => {
  const pod = podOf({ injected: [web], state: "Succeeded" });
  assert.equal(plan([pod], { type: "Retain" }).remaining, 0);
});

Deno.test("planCleanup() leaves the sidecars of a Pod alone that has run to completion", () => {
  const pod = injected("a");
  const done = (restartPolicy: string): Pod => ({
    ...pod,
    spec: { ...pod.spec, restartPolicy },
    status: {
      ...pod.status,
      containerStatuses: pod.spec.containers.map(({ name, image = "" }) => ({
        ...{ name, image, imageID: "id", ready: false },
        ...(name === "main" ? { state: { terminated: { exitCode: 0 } } } : {}),
      })),
    },
  });
  assert.deepEqual(kinds(plan([done("Always")], idle).writes), ["Idle a"]);
  assert.deepEqual(plan([done("Never")], idle).writes, []);
  assert.equal(
    needsCleanup(done("Never"), {
      scope: { sidecarSet: "web", current: undefined, selects: () => true, knownSidecars: [] },
      action: idle,
    }),
    false,
  );
});

import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import type { Obstacle } from "../../../lib/core/reasons.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import { createEngine } from "../../support/engine.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { BUDGET_REFUSAL, type Recorded, RecordingClient } from "../../support/recording_client.ts";

const old = sidecarSetOf();

function desired(status?: SidecarSetStatus, resourceVersion = "2") {
  return sidecarSetOf({
    generation: 2,
    resourceVersion,
    ...(status ? { status } : {}),
    spec: {
      containers: [{ name: "agent", image: "agent:1", env: [{ name: "NEW", value: "1" }] }],
      updateStrategy: { recreatePolicy: "Evict", maxUnavailable: "100%" },
    },
  });
}

function owned(name: string, workload = "rs"): Pod {
  const pod = podOf({ name, injected: [old] });
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: workload, uid: workload };
  return {
    ...pod,
    metadata: { ...pod.metadata, ownerReferences: [{ ...owner, controller: true }] },
  };
}

interface SetUp {
  obstacle?: Obstacle;
  obstacleOf?(pod: ObservedPod): Obstacle | undefined;
  /** Of evictions. */
  httpCode?: number;
}

function setUp({ obstacle, obstacleOf = () => obstacle, httpCode }: SetUp = {}) {
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  const pods = new Map(["a", "b"].map((name) => [name, owned(name)]));
  let evictionCode = httpCode;
  const answer = (code: number | undefined) => evictionCode = code;
  const client = new RecordingClient(({ method, path, body }: Recorded) => {
    const name = path.split("/").at(-1) ?? "";
    const pod = index.pods.get(`default/${name}`) ?? pods.get(name);
    if (method === "GET" && pod) return pod;
    if (path.endsWith("/eviction")) {
      if (evictionCode === 429) return BUDGET_REFUSAL;
      return evictionCode ? { httpCode: evictionCode } : {};
    }
    return { metadata: {}, spec: { containers: [] }, ...Object(body) };
  });
  let version = 10;
  const { index, loop } = createEngine({
    client,
    clock,
    obstacleOf,
    onStoredSidecarSet(object) {
      const status = Reflect.get(object, "status");
      if (isObject(status)) index.applySidecarSet(desired(status, String(version += 10)));
    },
  });
  index.applySidecarSet(desired());
  for (const pod of pods.values()) index.applyPod(pod);
  const reconcile = async () => {
    const outcome = await loop.process("web", new AbortController().signal);
    await settle();
    return outcome;
  };
  const evicted = () =>
    client.requests.filter(({ path }) => path.endsWith("/eviction"))
      .map(({ path }) => path.split("/").at(-2));
  const status = () => index.sidecarSets.get("web")?.sidecarSet.status;
  return { clock, client, index, reconcile, evicted, status, answer };
}

Deno.test("Evictions notes an eviction in the status before it is made, one of a workload", async () => {
  const { client, reconcile, evicted, status } = setUp();
  await reconcile();
  assert.deepEqual(evicted(), ["a"]);
  assert.deepEqual(status()?.evictions?.map(({ workload, pod }) => [workload, pod]), [
    ["rs", "uid-of-a"],
  ]);
  const order = client.requests.map(({ path }) => path);
  const noted = order.findIndex((path) => path.endsWith("/sidecarsets/web/status"));
  assert.ok(noted < order.findIndex((path) => path.endsWith("/eviction")));
});

Deno.test("Evictions evicts exactly the Pod that was decided on", async () => {
  const { client, reconcile } = setUp();
  await reconcile();
  const body = client.requests.find(({ path }) => path.endsWith("/eviction"))?.body;
  assert.ok(isObject(body) && isObject(body.deleteOptions));
  assert.deepEqual(body.deleteOptions.preconditions, { uid: "uid-of-a" });
});

Deno.test("Evictions does not evict a Pod while its guard cannot be stored", async () => {
  const { index, reconcile, evicted, clock } = setUp();
  await reconcile();
  assert.equal(evicted().length, 1);
  // Another Pod is due, but the status was written a moment ago.
  await clock.advance(100);
  index.deletePod("default/a");
  const status = { ...index.sidecarSets.get("web")?.sidecarSet.status };
  delete status.evictions;
  index.applySidecarSet(desired(status, "25"));
  await reconcile();
  assert.equal(evicted().length, 1);
  await clock.advance(1_000);
  await reconcile();
  assert.deepEqual(evicted(), ["a", "b"]);
});

Deno.test("Evictions waits longer after each refusal, across restarts", async () => {
  const { reconcile, evicted, clock, status } = setUp({ httpCode: 429 });
  await reconcile();
  for (const [seconds, evictions] of [[9, 1], [1, 2], [19, 2], [1, 3]] as const) {
    await clock.advance(seconds * 1_000);
    await reconcile();
    assert.equal(evicted().length, evictions);
  }
  assert.equal(status()?.evictions?.[0]?.attempts, 3);
});

Deno.test("Evictions leaves a Pod whose replacement would be outdated too, and says why", async () => {
  const obstacle = { reason: "InjectionPaused", message: "injection is paused" } as const;
  const { reconcile, evicted, status } = setUp({ obstacle });
  await reconcile();
  assert.deepEqual(evicted(), []);
  const progressing = status()?.conditions?.find(({ type }) => type === "Progressing");
  assert.equal(progressing?.reason, "NotUpgradable");
  assert.match(progressing?.message ?? "", /default\/a stays: injection is paused/);
});

Deno.test("Evictions re-checks Pods of a SidecarSet that was recreated with another spec", async () => {
  const obstacle = { reason: "ContainerNameConflict", message: "the names clash" } as const;
  let found: Obstacle | undefined = obstacle;
  const { index, clock, reconcile, evicted } = setUp({ obstacleOf: () => found });
  await reconcile();
  found = undefined;
  const { sidecarSet, ...prepared } = desired(undefined, "3");
  index.deleteSidecarSet("web");
  const metadata = { ...sidecarSet.metadata, uid: "recreated" };
  index.applySidecarSet({ ...prepared, sidecarSet: { ...sidecarSet, metadata } });
  await clock.advance(1_000);
  await reconcile();
  await reconcile();
  assert.deepEqual(evicted(), ["a"]);
});

Deno.test("Evictions checks 5,000 conflicting Pods in slices, finds the other one, and caches findings", async () => {
  let dryRuns = 0;
  const fine = "w-999";
  const { clock, index, reconcile, evicted } = setUp({
    obstacleOf({ metadata: { name } }) {
      dryRuns++;
      return name === fine
        ? undefined
        : { reason: "ContainerNameConflict", message: "agent is there" };
    },
  });
  for (let i = 0; i < 5_000; i++) index.applyPod(owned(`w-${i}`, `rs-${i}`));
  let looks = 0;
  for (; evicted().length === 0; looks++) {
    const before = dryRuns;
    const outcome = await reconcile();
    assert.ok(dryRuns - before <= 201, `${dryRuns - before} dry runs in one look`);
    if (evicted().length > 0) break;
    assert.ok("requeueAfter" in outcome && outcome.requeueAfter !== undefined);
    assert.ok(outcome.requeueAfter <= 1_000);
    await clock.advance(outcome.requeueAfter);
  }
  assert.deepEqual(evicted(), [fine]);
  assert.ok(looks < 60, `${looks} looks`);
  const before = dryRuns;
  await clock.advance(5_000);
  await reconcile();
  assert.equal(dryRuns, before);
  await clock.advance(300_000);
  await reconcile();
  assert.ok(dryRuns - before >= 200, "the obstacles are checked again");
});

Deno.test("Evictions repeats an eviction soon after a fault of the API server, as the same attempt", async () => {
  const { clock, index, reconcile, evicted, answer } = setUp({ httpCode: 503 });
  for (const name of ["a", "b"]) index.applyPod(owned(name));
  await reconcile();
  for (let second = 0; second < 60; second++) {
    await clock.advance(1_000);
    await reconcile();
  }
  const tries = evicted().length;
  assert.ok(tries > 8 && tries < 40, `${tries} tries in a minute`);
  const guards = index.sidecarSets.get("web")?.sidecarSet.status?.evictions;
  assert.equal(guards?.[0]?.attempts, 1);
  answer(undefined);
  for (let second = 0; second < 6; second++) {
    await clock.advance(1_000);
    await reconcile();
  }
  assert.equal(evicted().length, tries + 1);
});

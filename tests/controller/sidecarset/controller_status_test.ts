import assert from "node:assert/strict";
import type { SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import type { Respond } from "../../support/recording_client.ts";
import { setUp, statusOf } from "./controller_scene.ts";

Deno.test("SidecarSetController writes a status at most once a second", async () => {
  const { client, reconcile, apply, index, clock } = setUp();
  apply({});
  await reconcile();
  index.applyPod(podOf({ name: "a" }));
  const outcome = await reconcile();
  assert.ok("requeueAfter" in outcome && outcome.requeueAfter && outcome.requeueAfter > 0);
  const statuses = () => client.requests.filter(({ path }) => path.endsWith("/status"));
  assert.equal(statuses().length, 1);
  await clock.advance(1_000);
  await reconcile();
  assert.equal(statusOf(statuses()[1]).uninjectedPods, 1);
});

Deno.test("SidecarSetController waits to repeat a status that the API server did not keep", async () => {
  const state: { prunes: boolean; status: SidecarSetStatus } = { prunes: true, status: {} };
  let version = 1;
  const { client, reconcile, apply, clock } = setUp(({ path, body }) => {
    if (!path.endsWith("/status")) return { metadata: {}, ...Object(body) };
    const { effectiveSince, ...status } = Object(body).status;
    state.status = state.prunes ? status : { ...status, effectiveSince };
    return { metadata: { resourceVersion: String(++version) }, status: state.status };
  });
  const statuses = () => client.requests.filter(({ path }) => path.endsWith("/status"));
  /** Applies what the API server has stored, and reconciles again. */
  const goOn = async (milliseconds: number) => {
    apply({ resourceVersion: String(version), status: state.status });
    await clock.advance(milliseconds);
    await reconcile();
  };
  apply({});
  await reconcile();
  const first = statusOf(statuses()[0]).effectiveSince;
  assert.ok(first);
  for (let i = 0; i < 20; i++) await goOn(2_000);
  assert.equal(statuses().length, 1);
  await goOn(60_000);
  assert.equal(statuses().length, 2);
  state.prunes = false;
  await goOn(60_000);
  assert.equal(statusOf(statuses()[2]).effectiveSince, first);
  for (let i = 0; i < 5; i++) await goOn(60_000);
  assert.equal(statuses().length, 3);
});

Deno.test("SidecarSetController tries ever more seldom to write a status that is always refused", async () => {
  let refusing = true;
  const { client, reconcile, apply, clock } = setUp(({ path, body }) =>
    refusing && path.endsWith("/status") ? { httpCode: 422 } : { metadata: {}, ...Object(body) }
  );
  const statuses = () => client.requests.filter(({ path }) => path.endsWith("/status")).length;
  const goOn = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      await clock.advance(1_000);
      await reconcile();
    }
  };
  apply({});
  await goOn(600);
  assert.ok(statuses() <= 20, `${statuses()} times in ten minutes`);
  refusing = false;
  const before = statuses();
  await goOn(61);
  assert.ok(statuses() > before, "it is tried once a minute at least");
});

Deno.test("SidecarSetController repairs a status immediately, and with growing delays if repeated", async () => {
  let version = 1;
  let status: SidecarSetStatus = {};
  const managedFields = [{
    manager: "dashboard",
    time: "2026-02-01T00:00:00Z",
    subresource: "status",
  }];
  const { client, reconcile, apply, clock, repairs } = setUp(({ method, path, body }) => {
    if (method === "GET") return { metadata: { managedFields } };
    if (!path.endsWith("/status")) return { metadata: {}, ...Object(body) };
    status = Object(body).status;
    return { metadata: { resourceVersion: String(++version) }, status };
  });
  const written = () =>
    client.requests.filter(({ method, path }) => method === "PATCH" && path.endsWith("/status"));
  const overwrite = () =>
    apply({ resourceVersion: String(++version), status: { ...status, matchedPods: 7 } });
  apply({});
  await reconcile();
  assert.equal(written().length, 1);
  overwrite();
  await clock.advance(1_000);
  await reconcile();
  assert.equal(written().length, 2, "the first repair is immediate");
  assert.equal(statusOf(written()[1]).matchedPods, 0);
  for (let second = 0; second < 120; second++) {
    overwrite();
    await clock.advance(1_000);
    await reconcile();
  }
  assert.ok(written().length >= 7 && written().length <= 11, `written ${written().length} times`);
  assert.deepEqual(
    repairs.slice(0, 3).map(({ manager, inRow, isContended }) => [manager, inRow, isContended]),
    [["dashboard", 1, false], ["dashboard", 2, false], ["dashboard", 3, true]],
  );
});

/** Writes a status with one Pod, after another one without a Pod that `meanwhile` has followed. */
async function repairsAfter(
  meanwhile: (scene: ReturnType<typeof setUp>, written: SidecarSetStatus) => unknown,
  respond?: Respond,
) {
  const scene = setUp(
    respond ?? (({ method, path, body }) => {
      if (method === "GET") return { metadata: {} };
      return path.endsWith("/status") ? { metadata: {}, ...Object(body) } : Object(body);
    }),
  );
  const { client, apply, index, clock, reconcile, repairs } = scene;
  const written = () => client.requests.filter(({ path }) => path.endsWith("/status"));
  apply({});
  await reconcile();
  const before = statusOf(written()[0]);
  await meanwhile(scene, before);
  index.applyPod(podOf());
  await clock.advance(2_000);
  await reconcile();
  assert.equal(statusOf(written().at(-1)).uninjectedPods, 1);
  return repairs;
}

Deno.test("SidecarSetController takes for no repair what it writes after another process has led", async () => {
  const repairs = await repairsAfter(({ apply, state, lead }, status) => {
    state.leading = false;
    apply({ resourceVersion: "2", status: { ...status, matchedPods: 7 } });
    state.leading = true;
    lead();
  });
  assert.deepEqual(repairs, []);
});

Deno.test("SidecarSetController counts no repair for the first status of a recreated SidecarSet", async () => {
  const repairs = await repairsAfter(({ index }) => {
    const { sidecarSet, ...prepared } = sidecarSetOf({ resourceVersion: "2" });
    index.deleteSidecarSet("web");
    const metadata = { ...sidecarSet.metadata, uid: "recreated" };
    index.applySidecarSet({ ...prepared, sidecarSet: { ...sidecarSet, metadata } });
  });
  assert.deepEqual(repairs, []);
});

Deno.test("SidecarSetController takes for no repair what it writes after an answer that did not come", async () => {
  let version = 1;
  let lost: SidecarSetStatus | undefined;
  const repairs = await repairsAfter(async ({ index, apply, clock, reconcile }) => {
    index.applyPod(podOf({ name: "other", state: "Succeeded" }));
    apply({ resourceVersion: "2", generation: 2, status: lost ?? {} });
    await clock.advance(2_000);
    await reconcile();
    apply({ resourceVersion: "4", generation: 2, status: lost ?? {} });
  }, ({ method, path, body }) => {
    if (method === "GET") return { metadata: {} };
    if (!path.endsWith("/status")) return Object(body);
    lost = Object(body).status;
    return version++ === 2 ? { httpCode: 504 } : { metadata: {}, status: lost };
  });
  assert.deepEqual(repairs, []);
});

Deno.test("SidecarSetController writes its status once a second, whatever others add to it", async () => {
  let version = 1;
  let status: SidecarSetStatus = {};
  const { client, reconcile, apply, index, clock, repairs } = setUp(({ path, body }) => {
    if (!path.endsWith("/status")) return { metadata: {}, ...Object(body) };
    status = Object(body).status;
    return { metadata: { resourceVersion: String(++version) }, status };
  });
  apply({});
  await reconcile();
  for (let i = 0; i < 10; i++) {
    apply({ resourceVersion: String(++version), status: { ...status, theirs: i } });
    index.applyPod(podOf({ name: `p${i}` }));
    await clock.advance(1_000);
    await reconcile();
  }
  assert.equal(client.requests.filter(({ path }) => path.endsWith("/status")).length, 11);
  assert.deepEqual(repairs, []);
});

Deno.test("SidecarSetController writes no status while Pods have classes by an earlier state", async () => {
  const waiting: (() => boolean)[] = [];
  const slices = {
    pods: 2,
    hasTime: () => true,
    attempt: (part: () => void) => part(),
    run: (work: () => boolean) => void waiting.push(work),
  };
  const { client, reconcile, apply, index, clock } = setUp(undefined, { slices });
  const statuses = () => client.requests.filter(({ path }) => path.endsWith("/status"));
  const finish = () => {
    for (const work of waiting.splice(0)) while (work());
  };
  const byLabel = { namespaceSelector: { matchLabels: { sidecars: "on" } } };
  const label = (sidecars: string) =>
    index.applyNamespace({ metadata: { name: "default", labels: { sidecars } } });
  label("on");
  for (const name of ["a", "b", "c", "d", "e"]) index.applyPod(podOf({ name }));
  apply({});
  await reconcile();
  assert.deepEqual(statuses(), []);
  finish();
  await reconcile();
  assert.equal(statusOf(statuses()[0]).uninjectedPods, 5);

  apply({ spec: byLabel, generation: 2, resourceVersion: "2" });
  await clock.advance(60_000);
  await reconcile();
  assert.equal(statuses().length, 1, "of the new generation not before all Pods are compared");
  finish();
  await reconcile();
  assert.equal(statusOf(statuses()[1]).observedGeneration, 2);

  label("off");
  await clock.advance(60_000);
  await reconcile();
  assert.equal(statuses().length, 2, "nor while the Pods of a namespace are compared");
  finish();
  await reconcile();
  assert.equal(statusOf(statuses()[2]).uninjectedPods, 0);
});

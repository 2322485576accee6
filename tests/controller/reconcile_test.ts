import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import type { SidecarSetStatus } from "../../lib/api/sidecarset_status.ts";
import type { Repair } from "../../lib/controller/repairs.ts";
import { createEngine } from "../support/engine.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";
import { podOf, sidecarSetOf, type SidecarSetOptions } from "../support/objects.ts";
import { type Recorded, RecordingClient, type Respond } from "../support/recording_client.ts";

const newer = { containers: [{ name: "agent", image: "agent:2" }] };

/** A controller over an index of its own; writes are answered as an API server would, without changing the index. */
function setUp(respond?: Respond) {
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  const client = new RecordingClient(respond);
  const state = { leading: true, inForceSince: "2026-01-31T00:00:00Z" };
  const progressed: string[] = [];
  const repairs: Repair[] = [];
  const { index, reconciler } = createEngine({
    client,
    clock,
    onRepair: (repair) => repairs.push(repair),
    isLeader: () => state.leading,
    registrationOf: () => ({ inForceSince: state.inForceSince }),
    onProgress: (name) => progressed.push(name),
  });
  const reconcile = async (name = "web") => {
    const outcome = await reconciler.reconcile(name, new AbortController().signal);
    await settle();
    return outcome;
  };
  const apply = (options: SidecarSetOptions) => index.applySidecarSet(sidecarSetOf(options));
  const lead = () => reconciler.lead();
  return { clock, index, client, state, reconcile, apply, progressed, repairs, lead };
}

function statusOf(request: Recorded | undefined): SidecarSetStatus {
  const body = request?.body;
  assert.ok(isObject(body) && isObject(body.status), "the request writes no status");
  return body.status;
}

const paths = (requests: readonly Recorded[]) =>
  requests.map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/")}`);

Deno.test("Reconciler registers a new SidecarSet's revision, then writes its status, and then nothing more", async () => {
  const { client, reconcile, apply, clock } = setUp();
  apply({});
  await reconcile();
  assert.deepEqual(paths(client.requests), [
    "POST sidecarset-system/controllerrevisions",
    "PATCH web/status",
  ]);
  const status = statusOf(client.requests[1]);
  assert.match(status.latestRevision ?? "", /^web-/);
  await clock.advance(2_000);
  apply({ resourceVersion: "2", status });
  await reconcile();
  assert.equal(client.requests.length, 2);
});

Deno.test("Reconciler writes nothing as a follower", async () => {
  const { client, reconcile, apply, state } = setUp();
  apply({});
  state.leading = false;
  assert.deepEqual(await reconcile(), {});
  assert.deepEqual(client.requests, []);
});

Deno.test("Reconciler patches outdated Pods within the budget, under their uid and resourceVersion", async () => {
  const { client, reconcile, apply, index } = setUp();
  const old = sidecarSetOf();
  apply({ generation: 2, spec: newer });
  for (const name of ["a", "b", "c"]) {
    index.applyPod(podOf({ name, injected: [old], resourceVersion: "7" }));
  }
  await reconcile();
  const patches = client.requests.filter(({ path }) => /\/pods\/.$/.test(path));
  assert.equal(patches.length, 1);
  const body = patches[0]?.body;
  assert.ok(isObject(body) && isObject(body.metadata));
  assert.match(String(body.metadata.uid), /^uid-of-/);
  assert.equal(body.metadata.resourceVersion, "7");
  assert.deepEqual(body.spec, { containers: [{ name: "agent", image: "agent:2" }] });
});

Deno.test("Reconciler does not let a Pod whose patch is refused hold up the others", async () => {
  const refused = { httpCode: 422 };
  const { client, reconcile, apply, index } = setUp(({ path, body }) =>
    path.endsWith("/pods/a") ? refused : { metadata: {}, spec: { containers: [] }, ...Object(body) }
  );
  const old = sidecarSetOf();
  apply({ generation: 2, spec: { ...newer, updateStrategy: { maxUnavailable: "100%" } } });
  for (const name of ["a", "b", "c"]) index.applyPod(podOf({ name, injected: [old] }));
  await reconcile();
  const patched = client.requests.filter(({ path }) => /\/pods\/.$/.test(path));
  assert.deepEqual(patched.map(({ path }) => path.at(-1)).toSorted(), ["a", "b", "c"]);
  await reconcile();
  const again = client.requests.filter(({ path }) => path.endsWith("/pods/a"));
  assert.equal(again.length, 1, "a refused Pod is not tried again at once");
});

Deno.test("Reconciler names a refused Pod in the status and tries it again later", async () => {
  const { client, reconcile, apply, index, clock } = setUp(({ path, body }) =>
    path.endsWith("/pods/a") ? { httpCode: 422 } : { metadata: {}, ...Object(body) }
  );
  const old = sidecarSetOf();
  apply({ generation: 2, spec: newer });
  index.applyPod(podOf({ name: "a", injected: [old] }));
  await reconcile();
  await clock.advance(1_100);
  await reconcile();
  const statuses = client.requests.filter(({ path }) => path.endsWith("/status"));
  const progressing = statusOf(statuses.at(-1)).conditions?.find(({ type }) =>
    type === "Progressing"
  );
  assert.match(progressing?.message ?? "", /Pod default\/a/);
  assert.equal(client.requests.filter(({ path }) => path.endsWith("/pods/a")).length, 2);
});

Deno.test("Reconciler writes a status at most once a second", async () => {
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

Deno.test("Reconciler does not write again at once what the API server has not kept, and all of it once it is kept", async () => {
  const state: { prunes: boolean; status: SidecarSetStatus } = { prunes: true, status: {} };
  let version = 1;
  const { client, reconcile, apply, clock } = setUp(({ path, body }) => {
    if (!path.endsWith("/status")) return { metadata: {}, ...Object(body) };
    const { effectiveSince, ...status } = Object(body).status;
    state.status = state.prunes ? status : { ...status, effectiveSince };
    return { metadata: { resourceVersion: String(++version) }, status: state.status };
  });
  const statuses = () => client.requests.filter(({ path }) => path.endsWith("/status"));
  /** Takes over what the API server has stored, and looks again. */
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

Deno.test("Reconciler tries ever more seldom to write a status that is always refused", async () => {
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

Deno.test("Reconciler puts a status right at once that somebody else has changed, and ever more seldom who does so again and again", async () => {
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

Deno.test("Reconciler takes for no repair what it writes after another process has led", async () => {
  const repairs = await repairsAfter(({ apply, state, lead }, status) => {
    state.leading = false;
    apply({ resourceVersion: "2", status: { ...status, matchedPods: 7 } });
    state.leading = true;
    lead();
  });
  assert.deepEqual(repairs, []);
});

Deno.test("Reconciler takes for no repair the first status of a SidecarSet that was created anew", async () => {
  const repairs = await repairsAfter(({ index }) => {
    const { sidecarSet, ...prepared } = sidecarSetOf({ resourceVersion: "2" });
    index.deleteSidecarSet("web");
    const metadata = { ...sidecarSet.metadata, uid: "anew" };
    index.applySidecarSet({ ...prepared, sidecarSet: { ...sidecarSet, metadata } });
  });
  assert.deepEqual(repairs, []);
});

Deno.test("Reconciler takes for no repair what it writes after an answer that did not come", async () => {
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

Deno.test("Reconciler goes on writing once a second what it has to say itself, whatever others add to the status", async () => {
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

Deno.test("Reconciler decides anew soon after a conflict and backs off after a fault", async () => {
  const answers = [{ httpCode: 409 }, { httpCode: 500 }];
  const { reconcile, apply } = setUp(() => answers.shift() ?? { metadata: {} });
  apply({});
  assert.deepEqual(await reconcile(), { requeueAfter: 100 });
  assert.deepEqual(await reconcile(), { failed: true });
});

Deno.test("Reconciler counts an invalid SidecarSet and says what is wrong with it", async () => {
  const { client, reconcile, index } = setUp();
  const prepared = sidecarSetOf();
  const problem = {
    reason: "FieldValueInvalid" as const,
    field: "spec.selector",
    message: "is odd",
  };
  index.applySidecarSet({ ...prepared, problems: [problem] });
  await reconcile();
  assert.deepEqual(paths(client.requests), ["PATCH web/status"]);
  const ready = statusOf(client.requests[0]).conditions?.find(({ type }) => type === "Ready");
  assert.deepEqual([ready?.status, ready?.reason], ["False", "InvalidSidecarSet"]);
  assert.match(ready?.message ?? "", /spec\.selector: is odd/);
});

Deno.test("Reconciler calls a SidecarSet ready only while the revision is there that new Pods are to get", async () => {
  const { client, reconcile, apply, clock, index } = setUp();
  const ready = async () => {
    await clock.advance(1_000);
    await reconcile();
    const written = client.requests.filter(({ path }) => path.endsWith("/status")).at(-1);
    return statusOf(written).conditions?.find(({ type }) => type === "Ready");
  };
  apply({});
  assert.equal((await ready())?.status, "True");
  const [revision] = index.revisions.of("web");
  const revisionName = revision?.metadata.name ?? "";
  const pinned = { revision: { revisionName } };
  apply({ generation: 2, resourceVersion: "2", spec: { ...newer, injectionStrategy: pinned } });
  assert.equal((await ready())?.status, "True");
  index.deleteRevision(revisionName);
  const gone = await ready();
  assert.deepEqual([gone?.status, gone?.reason], ["False", "RevisionNotFound"]);
  assert.match(gone?.message ?? "", new RegExp(`revisionName is ${revisionName}.*name one`));
});

Deno.test("Reconciler starts effectiveSince when the registration has settled, and anew with another selector", async () => {
  const { client, reconcile, apply, clock } = setUp();
  const statusAfter = async () => {
    await clock.advance(1_000);
    await reconcile();
    return statusOf(client.requests.filter(({ path }) => path.endsWith("/status")).at(-1));
  };
  apply({});
  const first = await statusAfter();
  assert.equal(first.effectiveSince, "2026-02-01T00:00:01Z");
  apply({ resourceVersion: "2", status: first });
  await clock.advance(60_000);
  const other = { selector: { matchLabels: { app: "other" } } };
  apply({ resourceVersion: "3", generation: 2, status: first, spec: other });
  const second = await statusAfter();
  assert.equal(second.effectiveSince, "2026-02-01T00:01:02Z");
});

Deno.test("Reconciler does not carry on a plan for a SidecarSet that has changed meanwhile", async () => {
  const gate = Promise.withResolvers<void>();
  const { client, reconcile, apply, index } = setUp(async ({ path, body }) => {
    if (path.includes("/pods/")) await gate.promise;
    return { metadata: {}, spec: { containers: [] }, ...Object(body) };
  });
  const old = sidecarSetOf();
  const spec = { ...newer, updateStrategy: { maxUnavailable: "100%" } };
  apply({ generation: 2, spec });
  for (let i = 0; i < 30; i++) index.applyPod(podOf({ name: `p${i}`, injected: [old] }));
  await reconcile();
  apply({
    generation: 3,
    resourceVersion: "2",
    spec: { ...spec, updateStrategy: { paused: true } },
  });
  gate.resolve();
  await settle();
  await settle();
  const patched = client.requests.filter(({ path }) => path.includes("/pods/p"));
  assert.ok(patched.length <= 16, `patched ${patched.length} Pods for an old state`);
});

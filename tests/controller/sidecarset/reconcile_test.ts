import assert from "node:assert/strict";
import { isObject } from "../../../lib/api/json.ts";
import { settle } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { newer, paths, setUp, statusOf } from "./controller_scene.ts";

Deno.test("SidecarSetController registers a revision, writes the status, and nothing more", async () => {
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

Deno.test("SidecarSetController writes nothing as a follower", async () => {
  const { client, reconcile, apply, state } = setUp();
  apply({});
  state.leading = false;
  assert.deepEqual(await reconcile(), {});
  assert.deepEqual(client.requests, []);
});

Deno.test("SidecarSetController patches outdated Pods within the budget, with preconditions", async () => {
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

Deno.test("SidecarSetController does not let a Pod whose patch is refused hold up the others", async () => {
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

Deno.test("SidecarSetController names a refused Pod in the status and tries it again later", async () => {
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

Deno.test("SidecarSetController decides again soon after a conflict and backs off after a fault", async () => {
  const answers = [{ httpCode: 409 }, { httpCode: 500 }];
  const { reconcile, apply } = setUp(() => answers.shift() ?? { metadata: {} });
  apply({});
  assert.deepEqual(await reconcile(), { requeueAfter: 100 });
  assert.deepEqual(await reconcile(), { failed: true, maxDelay: 5_000 });
});

Deno.test("SidecarSetController counts an invalid SidecarSet and says what is wrong with it", async () => {
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

Deno.test("SidecarSetController sets Ready only while the revision for new Pods exists", async () => {
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
  const missing = await ready();
  assert.deepEqual([missing?.status, missing?.reason], ["False", "RevisionNotFound"]);
  assert.match(missing?.message ?? "", new RegExp(`revisionName is ${revisionName}.*name one`));
});

Deno.test("SidecarSetController does not carry on a plan for a SidecarSet that has changed meanwhile", async () => {
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

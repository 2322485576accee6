import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import type { OwnerReference } from "../../../lib/api/meta.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { ending, mutating, setUp } from "./scene.ts";

Deno.test("RegistrationReconciler writes both configurations once, and nothing while they stay right", async () => {
  const { written, reconcile, reconciler } = setUp();
  await reconcile();
  await reconcile();
  assert.deepEqual(written.map(({ kind }) => kind), ["ValidatingWebhookConfiguration", mutating]);
  assert.ok(reconciler.isRegistered && reconciler.isReached);
});

Deno.test("RegistrationReconciler writes nothing as a follower", async () => {
  const { written, reconcile, reconciler, state } = setUp();
  state.leading = false;
  await reconcile();
  assert.deepEqual([written.length, reconciler.isRegistered], [0, false]);
});

Deno.test("RegistrationReconciler publishes all coverage where a subscriber fails", async () => {
  const published: string[] = [];
  const sidecarSets = Array.from({ length: 500 }, (_, i) => sidecarSetOf({ name: `web-${i}` }));
  const { reconcile, reconciler, state } = setUp(sidecarSets, {
    onCoverage(names) {
      published.push(...names);
      throw new Error("broken");
    },
  });
  await reconcile();
  assert.equal(published.length, 500);
  state.sidecarSets = [...sidecarSets, sidecarSetOf({ name: "later" })];
  await reconcile();
  assert.deepEqual(published.slice(500), ["later"]);
  assert.ok(reconciler.isActive);
});

Deno.test("RegistrationReconciler knows since when each SidecarSet's selection has been covered", async () => {
  const { reconcile, reconciler, state, clock, covered } = setUp();
  const [first] = state.sidecarSets;
  assert.ok(first);
  await reconcile();
  const since = reconciler.coveredSince(first);
  assert.deepEqual(since, clock.now());
  await clock.advance(60_000);
  const second = sidecarSetOf({
    name: "second",
    spec: { selector: { matchLabels: { app: "b" } } },
  });
  state.sidecarSets = [first, second];
  assert.equal(reconciler.coveredSince(second), undefined);
  await reconcile();
  assert.deepEqual(reconciler.coveredSince(first), since);
  assert.deepEqual(reconciler.coveredSince(second), clock.now());
  assert.deepEqual(covered, [["web"], ["second"]]);
});

const CHANGES: Readonly<Record<string, SidecarSetSpec>> = {
  selection: { selector: { matchLabels: { app: "other" } } },
  "failure policy": { failurePolicy: "Fail" },
};
for (const [what, spec] of Object.entries(CHANGES)) {
  Deno.test(`RegistrationReconciler restarts the coverage of a changed ${what}`, async () => {
    const { reconcile, reconciler, state, clock } = setUp();
    await reconcile();
    await clock.advance(60_000);
    const changed = sidecarSetOf({ spec });
    state.sidecarSets = [changed];
    assert.equal(reconciler.coveredSince(changed), undefined);
    await reconcile();
    assert.deepEqual(reconciler.coveredSince(changed), clock.now());
  });
}

const clusterRole = (uid: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  name: "sidecarset",
  uid,
});

Deno.test("RegistrationReconciler gets the present ClusterRole as owner after it was recreated", async () => {
  let owner: OwnerReference | undefined = clusterRole("1");
  const { reconcile, reconciler, written } = setUp(undefined, {
    owner: () => Promise.resolve(owner),
  });
  await reconcile();
  const uids = () =>
    written.splice(0).map(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid));
  const deleted = async () => {
    for (const kind of [mutating, "ValidatingWebhookConfiguration"] as const) {
      reconciler.observe(kind, undefined);
    }
    await reconcile();
    return uids();
  };
  assert.deepEqual(uids(), [["1"], ["1"]]);
  owner = clusterRole("2");
  assert.deepEqual(await deleted(), [["2"], ["2"]]);
  // Without the ClusterRole the installation is being removed: what is written goes again by itself.
  owner = undefined;
  assert.deepEqual(await deleted(), [["2"], ["2"]]);
});

Deno.test("RegistrationReconciler has planned for a SidecarSet until its spec changes, or it is deleted", async () => {
  const { reconcile, reconciler } = setUp();
  const changed = (spec: SidecarSetSpec = {}) =>
    sidecarSetOf({ resourceVersion: "2", status: {}, spec: { ...ending, ...spec } });
  const first = sidecarSetOf({ spec: ending });
  const { name } = first;
  assert.equal(reconciler.isPlanned(name, first), false);
  await reconcile();
  assert.equal(reconciler.isPlanned(name, first), true);
  assert.equal(reconciler.isPlanned(name, changed()), true);
  assert.equal(reconciler.isPlanned(name, changed({ failurePolicy: "Fail" })), false);
  const waiting = { containers: [{ name: "agent", image: "agent:1" }] };
  assert.equal(reconciler.isPlanned(name, changed(waiting)), false, "Jobs need an entry");
  assert.equal(reconciler.isPlanned(name, undefined), false);
  assert.equal(reconciler.isPlanned("second", sidecarSetOf({ name: "second" })), false);
  assert.equal(reconciler.isPlanned("second", undefined), true);
});

Deno.test("RegistrationReconciler plans again only when a SidecarSet needs other entries", async () => {
  const { reconcile, state, written } = setUp();
  await reconcile();
  state.sidecarSets = [sidecarSetOf({ resourceVersion: "2", status: {}, spec: ending })];
  await reconcile();
  assert.equal(written.length, 2);
  state.sidecarSets = [
    sidecarSetOf({ spec: { ...ending, selector: { matchLabels: { app: "other" } } } }),
    sidecarSetOf({ name: "second", spec: ending }),
  ];
  await reconcile();
  assert.equal(written.length, 3);
  state.sidecarSets = state.sidecarSets.slice(0, 1);
  await reconcile();
  assert.equal(written.length, 4);
});

Deno.test("RegistrationReconciler adds the entry for Jobs when a sidecar keeps them running", async () => {
  const { reconcile, reconciler, state, written, clock } = setUp();
  await reconcile();
  const [before] = state.sidecarSets;
  assert.ok(before);
  const since = reconciler.coveredSince(before);
  await clock.advance(1_000);
  const waiting = sidecarSetOf();
  state.sidecarSets = [waiting];
  await reconcile();
  assert.deepEqual(written.slice(2).map(({ kind }) => kind), ["ValidatingWebhookConfiguration"]);
  assert.match(JSON.stringify(written.at(-1)?.webhooks), /cronjobs/);
  assert.deepEqual(reconciler.coveredSince(waiting), since);
  state.sidecarSets = [before];
  await reconcile();
  assert.doesNotMatch(JSON.stringify(written.at(-1)?.webhooks), /cronjobs/);
  assert.equal(written.length, 4);
});

Deno.test("RegistrationReconciler leaves other people's labels, annotations and finalizers alone", async () => {
  const { reconcile, reconciler, written, state } = setUp();
  await reconcile();
  const stored = written.at(-1);
  assert.ok(stored);
  const { metadata } = stored;
  const theirs = { annotations: { note: "kept" }, finalizers: ["shop/finalizer"] };
  const labels = { ...metadata.labels, team: "shop" };
  reconciler.observe(stored.kind, {
    ...stored,
    metadata: { ...metadata, ...theirs, labels, resourceVersion: "9" },
  });
  const count = written.length;
  await reconcile();
  assert.equal(written.length, count);
  state.sidecarSets = [sidecarSetOf({ spec: { selector: { matchLabels: { app: "b" } } } })];
  await reconcile();
  assert.deepEqual(written.at(-1)?.metadata, {
    ...metadata,
    ...theirs,
    labels,
    resourceVersion: "9",
  });
});

Deno.test("RegistrationReconciler dates an active registration that it finds by its last write", async () => {
  const first = setUp();
  await first.reconcile();
  const { reconcile, reconciler, state, written } = setUp();
  for (const stored of first.written) {
    const managedFields = [{ time: "2025-12-31T23:00:00Z" }, { time: "2025-12-31T23:30:00Z" }];
    reconciler.observe(stored.kind, { ...stored, metadata: { ...stored.metadata, managedFields } });
  }
  await reconcile();
  const [prepared] = state.sidecarSets;
  assert.ok(prepared);
  assert.deepEqual(written, []);
  assert.deepEqual(reconciler.coveredSince(prepared), new Date("2025-12-31T23:30:00Z"));
});

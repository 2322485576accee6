import assert from "node:assert/strict";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import type { RegistrationReconcilerOptions } from "../../../lib/controller/registration/reconciler.ts";
import type { Repair } from "../../../lib/controller/repair_backoff.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { pendingIn, type PendingSelection } from "../../../lib/core/registration/pending.ts";
import { widened } from "../../../lib/core/registration/pending_entries.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { ending, mutating, setUp } from "./scene.ts";

const SPEC = { selector: { matchLabels: { app: "new" } } };

/** A leader whose registration another replica has widened for a SidecarSet that its watch has not sent yet. */
async function widenedScene(
  { selected = {}, ...settings }: Partial<RegistrationReconcilerOptions> & {
    selected?: Partial<PendingSelection>;
  } = {},
) {
  const repairs: Repair[] = [];
  const scene = setUp(undefined, { onRepair: (repair) => repairs.push(repair), ...settings });
  const { reconciler, state, written, clock, reconcile } = scene;
  await reconcile();
  const selection: PendingSelection = {
    name: "new",
    uid: "uid-of-new",
    generation: 1,
    since: clock.now().toISOString(),
    spec: SPEC,
    ...selected,
  };
  const wider = widened(latest(written), [selection], { excludedNamespaces: [] })?.configuration;
  assert.ok(wider);
  reconciler.observe(mutating, {
    ...wider,
    metadata: { ...wider.metadata, resourceVersion: String(++state.version) },
  });
  written.length = 0;
  return { ...scene, repairs, selection };
}

function latest(written: readonly WebhookConfiguration[]): WebhookConfiguration {
  const found = written.findLast(({ kind }) => kind === mutating);
  assert.ok(found);
  return found;
}

const texts = (configuration: WebhookConfiguration) => JSON.stringify(configuration.webhooks);

Deno.test("RegistrationReconciler keeps another replica's selection before and after its SidecarSet", async () => {
  const { reconcile, written, state, reconciler, clock, repairs } = await widenedScene();
  assert.equal(
    await reconcile(),
    60_000,
    "it is reconciled again when the creation must have failed",
  );
  const [first] = state.sidecarSets;
  assert.ok(first && reconciler.coveredSince(first), "nothing was lost");
  const added = sidecarSetOf({ name: "new", spec: { ...SPEC, ...ending } });
  state.sidecarSets = [first, added];
  assert.equal(await reconcile(), 5_000);
  assert.match(texts(latest(written)), /"ignore-.*'new'.*"pending-.*'new'/);
  assert.ok(reconciler.coveredSince(added));

  await clock.advance(5_000);
  assert.equal(await reconcile(), undefined);
  assert.deepEqual(pendingIn(latest(written).metadata), []);
  assert.match(texts(latest(written)), /'new'/);
  assert.doesNotMatch(texts(latest(written)), /pending-/);
  assert.deepEqual(repairs, []);
});

/** The entries for the SidecarSet, by the kinds of their names. */
const entriesFor = ({ webhooks = [] }: Pick<WebhookConfiguration, "webhooks">) =>
  webhooks.filter((entry) => JSON.stringify(entry).includes("'new'"))
    .map(({ name }) => name.split("-", 1)[0]);

const added = sidecarSetOf({ name: "new", spec: { ...SPEC, ...ending } });

Deno.test("RegistrationReconciler never replaces a pending entry in one write, however late", async () => {
  for (const late of [1_000, 4_999, 5_000, 20_000, 120_000]) {
    const { reconcile, written, state, clock, reconciler } = await widenedScene();
    state.sidecarSets = [...state.sidecarSets, added];
    await clock.advance(late);
    await reconcile();
    assert.deepEqual(entriesFor(latest(written)), ["ignore", "pending"], `after ${late} ms`);
    await clock.advance(4_999);
    await reconcile();
    assert.equal(written.length, 1);
    await clock.advance(1);
    assert.equal(await reconcile(), undefined);
    assert.deepEqual(entriesFor(latest(written)), ["ignore"]);
    assert.deepEqual(pendingIn(reconciler.mutating?.metadata), []);
  }
});

Deno.test("RegistrationReconciler keeps a selection of all Pods until all have permanent entries", async () => {
  const allPods = { name: "any", uid: "any", generation: 0, spec: { selector: {} } };
  const { reconcile, written, state, clock } = await widenedScene({ selected: allPods });
  const { sidecarSet } = added;
  const metadata = { ...sidecarSet.metadata, creationTimestamp: clock.now().toISOString() };
  state.sidecarSets = [...state.sidecarSets, { ...added, sidecarSet: { ...sidecarSet, metadata } }];
  await clock.advance(120_000);
  assert.equal(await reconcile(), 5_000);
  assert.deepEqual(entriesFor(latest(written)), ["ignore"]);
  assert.match(texts(latest(written)), /"pending-/);
  await clock.advance(5_000);
  assert.equal(await reconcile(), undefined);
  assert.doesNotMatch(texts(latest(written)), /"pending-/);
});

Deno.test("RegistrationReconciler of a new leader keeps a selection until the entry is stored", async () => {
  const { reconcile, written, state, reconciler } = await widenedScene();
  state.sidecarSets = [...state.sidecarSets, added];
  await reconcile();
  const next = setUp(state.sidecarSets);
  next.state.version = state.version;
  await next.clock.advance(60_000);
  next.reconciler.observe(mutating, reconciler.mutating);
  assert.equal(await next.reconcile(), 5_000);
  assert.deepEqual(entriesFor(next.reconciler.mutating ?? latest(written)), ["ignore", "pending"]);
  await next.clock.advance(5_000);
  await next.reconcile();
  assert.deepEqual(entriesFor(latest(next.written)), ["ignore"]);
});

Deno.test("RegistrationReconciler keeps a selection while another client has removed the permanent entry", async () => {
  const { reconcile, written, state, clock, reconciler, repairs } = await widenedScene();
  state.sidecarSets = [...state.sidecarSets, added];
  await reconcile();
  await clock.advance(10_000);
  const observed = latest(written);
  const webhooks = observed.webhooks?.filter(({ name }) => !name.startsWith("ignore-")) ?? [];
  const metadata = { ...observed.metadata, resourceVersion: String(++state.version) };
  reconciler.observe(mutating, { ...observed, metadata, webhooks });
  await reconcile();
  assert.equal(repairs.length, 1);
  assert.deepEqual(entriesFor(latest(written)), ["ignore", "pending"]);
  await clock.advance(5_000);
  await reconcile();
  assert.deepEqual(entriesFor(latest(written)), ["ignore"]);
});

Deno.test("RegistrationReconciler drops a selection in the end whatever becomes of its SidecarSet", async () => {
  const values = Array.from({ length: 3_001 }, (_, i) => `app-${i}`);
  const large = {
    failurePolicy: "Fail" as const,
    selector: { matchExpressions: [{ key: "app", operator: "In" as const, values }] },
  };
  const paused = { ...SPEC, ...ending, injectionStrategy: { paused: true } };
  const owner = () =>
    Promise.resolve({ apiVersion: "v1", kind: "ClusterRole", name: "sidecarset", uid: "1" });
  const { sidecarSet } = added;
  const metadata = { ...sidecarSet.metadata, uid: "another" };
  const recreated = { ...added, sidecarSet: { ...sidecarSet, metadata } };
  const cases: [string, PreparedSidecarSet | undefined, Parameters<typeof widenedScene>[0]][] = [
    ["never created, or deleted", undefined, {}],
    ["deleted and created again", recreated, {}],
    ["paused", sidecarSetOf({ name: "new", spec: paused }), {}],
    ["selects others", sidecarSetOf({ name: "new", spec: ending }), {}],
    ["not valid", sidecarSetOf({ name: "new", spec: { ...SPEC, containers: [] } }), {}],
    ["injected by policy", added, { isInjectedByPolicy: ({ name }) => name === "new" }],
    [
      "with too many selectors",
      sidecarSetOf({ name: "new", spec: { ...large, ...ending } }),
      { owner, selected: { spec: large } },
    ],
  ];
  for (const [what, prepared, settings] of cases) {
    const { reconcile, state, clock, reconciler } = await widenedScene(settings);
    if (prepared !== undefined) state.sidecarSets = [...state.sidecarSets, prepared];
    let dueIn = await reconcile();
    for (let turns = 0; dueIn !== undefined && turns < 3; turns++) {
      await clock.advance(dueIn);
      dueIn = await reconcile();
    }
    assert.deepEqual(pendingIn(reconciler.mutating?.metadata), [], what);
    assert.equal(dueIn, undefined, what);
  }
});

Deno.test("RegistrationReconciler drops a selection in a contended registration", async () => {
  const { reconcile, state, clock, reconciler } = await widenedScene();
  state.sidecarSets = [...state.sidecarSets, added];
  await reconcile();
  for (let removals = 0; removals < 5; removals++) {
    const observed = reconciler.mutating;
    assert.ok(observed);
    const webhooks = observed.webhooks?.filter(({ name }) => !name.startsWith("ignore-")) ?? [];
    const metadata = { ...observed.metadata, resourceVersion: String(++state.version) };
    reconciler.observe(mutating, { ...observed, metadata, webhooks });
    const wait = await reconcile();
    if (!entriesFor(reconciler.mutating ?? {}).includes("ignore")) {
      await clock.advance(wait ?? 0);
      await reconcile();
    }
  }
  assert.ok(reconciler.contention);
  assert.deepEqual(entriesFor(reconciler.mutating ?? {}), ["ignore"]);
});

Deno.test("RegistrationReconciler drops a selection whose SidecarSet never came, as no repair", async () => {
  const { reconcile, written, clock, repairs, reconciler } = await widenedScene();
  await clock.advance(59_000);
  await reconcile();
  assert.deepEqual(written, []);
  await clock.advance(1_000);
  await reconcile();
  assert.doesNotMatch(texts(latest(written)), /'new'/);
  assert.deepEqual([repairs, reconciler.contention], [[], undefined]);
});

Deno.test("RegistrationReconciler still repairs an entry that was removed while a selection is pending", async () => {
  const { reconcile, written, reconciler, repairs } = await widenedScene();
  const observed = reconciler.mutating;
  assert.ok(observed);
  const webhooks = observed.webhooks?.filter(({ name }) => !name.startsWith("ignore-")) ?? [];
  const metadata = { ...observed.metadata, resourceVersion: "10" };
  reconciler.observe(mutating, { ...observed, metadata, webhooks });
  await reconcile();
  assert.equal(repairs.length, 1);
  assert.match(texts(latest(written)), /'web'/);
  assert.match(texts(latest(written)), /pending-.*'new'/);
});

Deno.test("RegistrationReconciler keeps a selection added while it writes the other object", async () => {
  const written: WebhookConfiguration[] = [];
  let version = 0;
  const { reconciler, state, clock, reconcile } = setUp(undefined, {
    write(configuration) {
      written.push(configuration);
      const isPlanned = state.sidecarSets.length === 1;
      if (configuration.kind !== mutating && !isPlanned) addSelection();
      const resourceVersion = String(++version);
      return Promise.resolve({
        ...configuration,
        metadata: { ...configuration.metadata, resourceVersion },
      });
    },
  });
  let isAdded = false;
  function addSelection(): void {
    if (isAdded) return;
    isAdded = true;
    const since = clock.now().toISOString();
    const selection = { name: "new", uid: "uid-of-new", generation: 1, since, spec: SPEC };
    const observed = reconciler.mutating;
    assert.ok(observed);
    const wider = widened(observed, [selection], { excludedNamespaces: [] })?.configuration;
    assert.ok(wider);
    const metadata = { ...wider.metadata, resourceVersion: String(++version) };
    reconciler.observe(mutating, { ...wider, metadata });
  }
  await reconcile();
  // Its sidecar keeps Jobs running, so both configurations change.
  const spec = { selector: { matchLabels: { app: "jobs" } } };
  state.sidecarSets = [...state.sidecarSets, sidecarSetOf({ name: "jobs", spec })];
  written.length = 0;
  while (await reconcile() === 0);
  assert.ok(isAdded);
  assert.match(texts(reconciler.mutating ?? latest(written)), /'new'/);
  assert.match(texts(reconciler.mutating ?? latest(written)), /'jobs'/);
});

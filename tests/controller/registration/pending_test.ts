import assert from "node:assert/strict";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import type { Repair } from "../../../lib/controller/repair_backoff.ts";
import { pendingIn, type PendingSelection } from "../../../lib/core/registration/pending.ts";
import { widened } from "../../../lib/core/registration/pending_entries.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { ending, mutating, setUp } from "./scene.ts";

const SPEC = { selector: { matchLabels: { app: "new" } } };

/** A leader whose registration another replica has widened for a SidecarSet that its watch has not sent yet. */
async function widenedScene() {
  const repairs: Repair[] = [];
  const scene = setUp(undefined, { onRepair: (repair) => repairs.push(repair) });
  const { reconciler, state, written, clock, reconcile } = scene;
  await reconcile();
  const selection: PendingSelection = {
    name: "new",
    uid: "uid-of-new",
    generation: 1,
    since: clock.now().toISOString(),
    spec: SPEC,
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

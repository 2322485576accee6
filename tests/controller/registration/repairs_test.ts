import assert from "node:assert/strict";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import type { RegistrationReconcilerOptions } from "../../../lib/controller/registration/reconciler.ts";
import type { Repair } from "../../../lib/controller/repair_backoff.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { ending, mutating, setUp } from "./scene.ts";

Deno.test("RegistrationReconciler repairs what another client changed, and trusts no coverage until then", async () => {
  const { reconcile, reconciler, state, written, covered } = setUp();
  const [prepared] = state.sidecarSets;
  assert.ok(prepared);
  await reconcile();
  const stored = written.find(({ kind }) => kind === mutating);
  assert.ok(stored);
  reconciler.observe(mutating, {
    ...stored,
    metadata: { name: "sidecarset", resourceVersion: "9" },
    webhooks: [],
  });
  state.leading = false;
  await reconcile();
  assert.equal(reconciler.coveredSince(prepared), undefined);
  assert.deepEqual(covered, [["web"], ["web"]]);
  state.leading = true;
  await reconcile();
  assert.equal(written.at(-1)?.metadata.resourceVersion, "9");
  assert.ok(reconciler.coveredSince(prepared));
});

/** Another client, which removes all entries whenever they exist. */
function fight(settings: Partial<RegistrationReconcilerOptions> = {}) {
  const repairs: Repair[] = [];
  const scene = setUp(undefined, { onRepair: (repair) => repairs.push(repair), ...settings });
  const { reconciler, written, clock, reconcile } = scene;
  let version = 100;
  const overwrite = () => {
    const stored = written.findLast(({ kind }) => kind === mutating);
    assert.ok(stored);
    const managedFields = [{ manager: "argocd-controller", time: clock.now().toISOString() }];
    const resourceVersion = String(version++);
    const metadata = { ...stored.metadata, managedFields, resourceVersion };
    reconciler.observe(mutating, { ...stored, metadata, webhooks: [] });
  };
  /** @returns number of repairs of the registration, with ten reconciliations a second */
  const goOn = async (seconds: number) => {
    const before = written.length;
    for (let i = 0; i < seconds * 10; i++) {
      const last = written.length;
      await reconcile();
      if (written.length > last) overwrite();
      await clock.advance(100);
    }
    return written.length - before;
  };
  return { ...scene, repairs, overwrite, goOn };
}

Deno.test("RegistrationReconciler repairs a change immediately, and each further one after a delay", async () => {
  const { reconcile, written, overwrite, goOn } = fight();
  await reconcile();
  overwrite();
  await reconcile();
  assert.equal(written.length, 3, "the first repair is immediate");
  overwrite();
  const first = await goOn(32);
  assert.ok(first >= 3 && first <= 6, `${first} repairs in the first half minute`);
  const later = await goOn(300);
  assert.ok(later >= 9 && later <= 11, `${later} repairs in the next five minutes`);
});

Deno.test("RegistrationReconciler says who keeps changing the registration back, until it is left alone", async () => {
  const { reconcile, reconciler, covered, clock, overwrite, goOn, repairs } = fight();
  await reconcile();
  assert.equal(reconciler.contention, undefined);
  overwrite();
  await goOn(10);
  assert.deepEqual(reconciler.contention, {
    kind: mutating,
    name: "sidecarset",
    manager: "argocd-controller",
  });
  assert.deepEqual(repairs.map(({ inRow }) => inRow), [1, 2, 3, 4]);
  assert.equal(repairs[0]?.manager, "argocd-controller");
  covered.splice(0);
  await clock.advance(30_000);
  const wait = await reconcile();
  assert.ok(wait !== undefined && wait > 0, "it reconciles again when the row has ended");
  await clock.advance(wait);
  assert.equal(await reconcile(), undefined);
  assert.equal(reconciler.contention, undefined);
  assert.deepEqual(covered.at(-1), ["web"]);
});

Deno.test("RegistrationReconciler reports a contention about one of both configurations", async () => {
  let contendedWhenReported = false;
  const { reconciler, written, clock, reconcile } = setUp(undefined, {
    onCoverage: () => contendedWhenReported ||= reconciler.contention !== undefined,
  });
  await reconcile();
  let version = 100;
  const overwrite = (kind: WebhookConfiguration["kind"]) => {
    const stored = written.findLast((each) => each.kind === kind);
    assert.ok(stored);
    const metadata = { ...stored.metadata, resourceVersion: String(version++) };
    reconciler.observe(kind, { ...stored, metadata, webhooks: [] });
  };
  overwrite("ValidatingWebhookConfiguration");
  for (let i = 0; i < 1_200; i++) {
    const last = written.length;
    await reconcile();
    for (const { kind } of written.slice(last)) overwrite(kind);
    // The other one half a second later.
    if (i === 5) overwrite(mutating);
    await clock.advance(100);
  }
  assert.ok(contendedWhenReported);
});

Deno.test("RegistrationReconciler registers a new SidecarSet immediately during a contention", async () => {
  const { reconcile, state, written, overwrite, goOn } = fight();
  await reconcile();
  overwrite();
  await goOn(60);
  const before = written.length;
  await reconcile();
  assert.equal(written.length, before, "the next repair has to wait");
  const selector = { matchLabels: { app: "b" } };
  const added = sidecarSetOf({ name: "other", spec: { ...ending, selector } });
  state.sidecarSets = [...state.sidecarSets, added];
  await reconcile();
  assert.equal(written.length, before + 1);
});

Deno.test("RegistrationReconciler is slow to put back what is deleted again and again", async () => {
  const { reconcile, reconciler, written, clock } = setUp();
  await reconcile();
  for (let i = 0; i < 600; i++) {
    reconciler.observe(mutating, undefined);
    await reconcile();
    await clock.advance(100);
  }
  assert.ok(written.length >= 6 && written.length <= 9, `written ${written.length} times`);
});

Deno.test("RegistrationReconciler is not misled by a watch that lags behind its own write", async () => {
  const { reconcile, reconciler, state, written } = setUp();
  await reconcile();
  state.sidecarSets = [sidecarSetOf({ spec: { selector: { matchLabels: { app: "b" } } } })];
  await reconcile();
  const count = written.length;
  reconciler.observe(mutating, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: mutating,
    metadata: { name: "sidecarset", resourceVersion: "1" },
  });
  await reconcile();
  assert.equal(written.length, count);
});

const OVERTAKING: Readonly<
  Record<string, (stored: WebhookConfiguration) => WebhookConfiguration | undefined>
> = {
  "changed again": (stored) => ({
    ...stored,
    metadata: { ...stored.metadata, resourceVersion: "99" },
    webhooks: [],
  }),
  deleted: () => undefined,
};
for (const [what, later] of Object.entries(OVERTAKING)) {
  Deno.test(`RegistrationReconciler repairs what is ${what} before the response to its write arrives`, async () => {
    const { reconcile, reconciler, state, written, covered, clock } = setUp(undefined, {
      write(configuration) {
        written.push(configuration);
        const metadata = { ...configuration.metadata, resourceVersion: String(written.length) };
        const stored = { ...configuration, metadata };
        if (written.length === 3) reconciler.observe(stored.kind, later(stored));
        return Promise.resolve(stored);
      },
    });
    await reconcile();
    const selector = { matchLabels: { app: "b" } };
    state.sidecarSets = [sidecarSetOf({ spec: { ...ending, selector } })];
    await reconcile();
    assert.equal(written.length, 3);
    const reported = covered.length;
    await clock.advance(1_000);
    await reconcile();
    assert.equal(written.length, 4);
    assert.equal(covered.length, reported + 2, "the coverage was lost for a while");
    assert.notDeepEqual(written[3]?.webhooks, []);
  });
}

Deno.test("RegistrationReconciler accepts an enforcer's excluded namespaces, and keeps them", async () => {
  const repairs: Repair[] = [];
  const { reconcile, reconciler, state, written } = setUp(undefined, {
    onRepair: (repair) => repairs.push(repair),
  });
  const [prepared] = state.sidecarSets;
  assert.ok(prepared);
  await reconcile();
  const since = reconciler.coveredSince(prepared);
  const stored = written.find(({ kind }) => kind === mutating);
  const excluded = { key: "control-plane", operator: "NotIn" as const, values: ["true"] };
  const narrowed = stored?.webhooks?.map((entry) => ({
    ...entry,
    namespaceSelector: {
      matchExpressions: [...entry.namespaceSelector.matchExpressions ?? [], excluded],
    },
  }));
  reconciler.observe(mutating, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: mutating,
    metadata: { ...stored?.metadata, resourceVersion: "9" },
    ...(narrowed ? { webhooks: narrowed } : {}),
  });
  const before = written.length;
  await reconcile();
  assert.equal(written.length, before);
  assert.deepEqual(reconciler.coveredSince(prepared), since);
  state.sidecarSets = [
    prepared,
    sidecarSetOf({ name: "db", spec: { ...ending, namespace: "db" } }),
  ];
  await reconcile();
  const entries = written.at(-1)?.webhooks ?? [];
  assert.equal(written.length, before + 1);
  for (const { namespaceSelector } of entries) {
    assert.deepEqual(namespaceSelector.matchExpressions?.at(-1), excluded);
  }
  assert.deepEqual(repairs, []);
});

import assert from "node:assert/strict";
import type { OwnerReference } from "../../lib/api/meta.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import {
  RegistrationKeeper,
  type RegistrationKeeperOptions,
} from "../../lib/controller/registration.ts";
import type { Repair } from "../../lib/controller/repairs.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { quietLogger } from "../support/quiet_logger.ts";

const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;

/** What other replicas have told; this process knows of it once it looks. */
class ToldPeers {
  caBundle = "";
  looks = 0;
  told: string;

  constructor(told = "") {
    this.told = told;
  }

  look() {
    this.looks++;
    this.caBundle = this.told;
    return Promise.resolve([]);
  }
}

function setUp(
  initial: readonly PreparedSidecarSet[] = [sidecarSetOf()],
  settings: Partial<RegistrationKeeperOptions> = {},
) {
  const state = { sidecarSets: initial, leading: true, version: 0 };
  const written: WebhookConfiguration[] = [];
  const covered: string[][] = [];
  const clock = new ManualClock();
  const keeper = new RegistrationKeeper({
    name: "sidecarset",
    endpoint: { url: "https://127.0.0.1:9443" },
    excludedNamespaces: [],
    clock,
    logger: quietLogger,
    sidecarSets: () => state.sidecarSets,
    caBundle: () => pem("own"),
    peers: new ToldPeers(),
    owner: () => Promise.resolve(undefined),
    isLeader: () => state.leading,
    write(wanted) {
      written.push(wanted);
      const resourceVersion = String(++state.version);
      return Promise.resolve({ ...wanted, metadata: { ...wanted.metadata, resourceVersion } });
    },
    onCoverage: (names) => covered.push([...names]),
    onRepair: () => {},
    ...settings,
  });
  const reconcile = () => keeper.reconcile(new AbortController().signal);
  return { keeper, state, written, covered, clock, reconcile };
}

const mutating = "MutatingWebhookConfiguration";

Deno.test("RegistrationKeeper writes both configurations once, and nothing while they stay right", async () => {
  const { written, reconcile, keeper } = setUp();
  await reconcile();
  await reconcile();
  assert.deepEqual(written.map(({ kind }) => kind), ["ValidatingWebhookConfiguration", mutating]);
  assert.ok(keeper.isRegistered && keeper.isReached);
});

Deno.test("RegistrationKeeper writes nothing as a follower", async () => {
  const { written, reconcile, keeper, state } = setUp();
  state.leading = false;
  await reconcile();
  assert.deepEqual([written.length, keeper.isRegistered], [0, false]);
});

/** A follower that sees what a leader of other settings has written. */
async function follow(settings: Partial<RegistrationKeeperOptions>) {
  const leader = setUp();
  await leader.reconcile();
  const follower = setUp([sidecarSetOf({ name: "new" })], settings);
  follower.state.leading = false;
  for (const stored of leader.written) follower.keeper.observe(stored.kind, stored);
  await follower.reconcile();
  return follower;
}

Deno.test("RegistrationKeeper of a newer version is reached while the older one still leads", async () => {
  const { keeper, written } = await follow({ excludedNamespaces: ["shop"] });
  assert.deepEqual(written, []);
  assert.deepEqual([keeper.isReached, keeper.isRegistered], [true, false]);
});

for (
  const [what, settings] of Object.entries({
    "another address": { endpoint: { url: "https://127.0.0.1:9444" } },
    "another authority": { caBundle: () => pem("other") },
  })
) {
  Deno.test(`RegistrationKeeper is not reached by a registration for ${what}`, async () => {
    assert.equal((await follow(settings)).keeper.isReached, false);
  });
}

Deno.test("RegistrationKeeper bears with an address that it cannot read", async () => {
  const leader = setUp();
  await leader.reconcile();
  const follower = setUp();
  follower.state.leading = false;
  const clientConfig = { url: "https://[fe80::1%25eth0]/", caBundle: btoa(pem("own")) };
  for (const stored of leader.written) {
    const webhooks = (stored.webhooks ?? []).map((entry) => ({ ...entry, clientConfig }));
    follower.keeper.observe(stored.kind, { ...stored, webhooks });
  }
  await follower.reconcile();
  assert.equal(follower.keeper.isReached, false);
});

const bundlesOf = (configurations: readonly WebhookConfiguration[]) =>
  configurations.flatMap(({ webhooks = [] }) => webhooks)
    .map(({ clientConfig }) => atob(clientConfig.caBundle ?? ""));

Deno.test("RegistrationKeeper registers the authorities of all replicas, and looks for them before it changes which", async () => {
  const peers = new ToldPeers(pem("another") + pem("own"));
  const { written, reconcile, state } = setUp(undefined, { peers });
  await reconcile();
  assert.deepEqual(new Set(bundlesOf(written)), new Set([pem("another") + pem("own")]));
  state.sidecarSets = [];
  await reconcile();
  assert.equal(peers.looks, 1, "the authorities are the same");
  // What this process knew when it last looked is not what is so now.
  peers.caBundle = "";
  peers.told = pem("another") + pem("third");
  const count = written.length;
  await reconcile();
  assert.deepEqual(
    new Set(bundlesOf(written.slice(count))),
    new Set([pem("another") + pem("own") + pem("third")]),
  );
});

Deno.test("RegistrationKeeper registers the same authorities whoever leads", async () => {
  const first = setUp(undefined, { peers: new ToldPeers(pem("z") + pem("a")) });
  await first.reconcile();
  const second = setUp(undefined, {
    caBundle: () => pem("z"),
    peers: new ToldPeers(pem("own") + pem("a")),
  });
  for (const stored of first.written) second.keeper.observe(stored.kind, stored);
  await second.reconcile();
  assert.deepEqual(second.written, []);
});

Deno.test("RegistrationKeeper of another authority is reached a few seconds after that was registered beside the others", async () => {
  const { keeper, clock, reconcile, written } = await follow({ caBundle: () => pem("new") });
  const both = setUp(undefined, { peers: new ToldPeers(pem("new")) });
  await both.reconcile();
  for (const stored of both.written) {
    keeper.observe(stored.kind, {
      ...stored,
      metadata: { ...stored.metadata, resourceVersion: "9" },
    });
  }
  await reconcile();
  assert.deepEqual([keeper.isReached, keeper.trusts(pem("own") + pem("new"))], [false, true]);
  await clock.advance(3_000);
  assert.ok(keeper.isReached);
  assert.deepEqual(written, []);
});

Deno.test("RegistrationKeeper knows since when each SidecarSet's selection has been covered", async () => {
  const { reconcile, keeper, state, clock, covered } = setUp();
  const [first] = state.sidecarSets;
  assert.ok(first);
  await reconcile();
  const since = keeper.coveredSince(first);
  assert.deepEqual(since, clock.now());
  await clock.advance(60_000);
  const second = sidecarSetOf({
    name: "second",
    spec: { selector: { matchLabels: { app: "b" } } },
  });
  state.sidecarSets = [first, second];
  assert.equal(keeper.coveredSince(second), undefined);
  await reconcile();
  assert.deepEqual(keeper.coveredSince(first), since);
  assert.deepEqual(keeper.coveredSince(second), clock.now());
  assert.deepEqual(covered, [["web"], ["second"]]);
});

const CHANGES: Readonly<Record<string, SidecarSetSpec>> = {
  selection: { selector: { matchLabels: { app: "other" } } },
  "failure policy": { failurePolicy: "Fail" },
};
for (const [what, spec] of Object.entries(CHANGES)) {
  Deno.test(`RegistrationKeeper starts a changed ${what} anew`, async () => {
    const { reconcile, keeper, state, clock } = setUp();
    await reconcile();
    await clock.advance(60_000);
    const changed = sidecarSetOf({ spec });
    state.sidecarSets = [changed];
    assert.equal(keeper.coveredSince(changed), undefined);
    await reconcile();
    assert.deepEqual(keeper.coveredSince(changed), clock.now());
  });
}

Deno.test("RegistrationKeeper puts right what somebody else changed, and trusts no coverage until then", async () => {
  const { reconcile, keeper, state, written, covered } = setUp();
  const [prepared] = state.sidecarSets;
  assert.ok(prepared);
  await reconcile();
  const stored = written.find(({ kind }) => kind === mutating);
  assert.ok(stored);
  keeper.observe(mutating, {
    ...stored,
    metadata: { name: "sidecarset", resourceVersion: "9" },
    webhooks: [],
  });
  state.leading = false;
  await reconcile();
  assert.equal(keeper.coveredSince(prepared), undefined);
  assert.deepEqual(covered, [["web"], ["web"]]);
  state.leading = true;
  await reconcile();
  assert.equal(written.at(-1)?.metadata.resourceVersion, "9");
  assert.ok(keeper.coveredSince(prepared));
});

/** Somebody who takes all entries out whenever they are there. */
function fight(settings: Partial<RegistrationKeeperOptions> = {}) {
  const repairs: Repair[] = [];
  const scene = setUp(undefined, { onRepair: (repair) => repairs.push(repair), ...settings });
  const { keeper, written, clock, reconcile } = scene;
  let version = 100;
  const overwrite = () => {
    const stored = written.findLast(({ kind }) => kind === mutating);
    assert.ok(stored);
    const managedFields = [{ manager: "argocd-controller", time: clock.now().toISOString() }];
    const resourceVersion = String(version++);
    const metadata = { ...stored.metadata, managedFields, resourceVersion };
    keeper.observe(mutating, { ...stored, metadata, webhooks: [] });
  };
  /** @returns how many times the registration was put right, looked at ten times a second */
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

Deno.test("RegistrationKeeper puts a change by somebody else right at once, and each time it is changed back later", async () => {
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

Deno.test("RegistrationKeeper says who keeps changing the registration back, until it is left alone", async () => {
  const { reconcile, keeper, covered, clock, overwrite, goOn, repairs } = fight();
  await reconcile();
  assert.equal(keeper.contention, undefined);
  overwrite();
  await goOn(10);
  assert.deepEqual(keeper.contention, {
    kind: mutating,
    name: "sidecarset",
    manager: "argocd-controller",
  });
  assert.deepEqual(repairs.map(({ inRow }) => inRow), [1, 2, 3, 4]);
  assert.equal(repairs[0]?.manager, "argocd-controller");
  covered.splice(0);
  await clock.advance(30_000);
  const wait = await reconcile();
  assert.ok(wait !== undefined && wait > 0, "it looks again when the row has ended");
  await clock.advance(wait);
  assert.equal(await reconcile(), undefined);
  assert.equal(keeper.contention, undefined);
  assert.deepEqual(covered.at(-1), ["web"]);
});

Deno.test("RegistrationKeeper tells of a contention though there is always one of both configurations that waits for its repair", async () => {
  let contendedWhenTold = false;
  const { keeper, written, clock, reconcile } = setUp(undefined, {
    onCoverage: () => contendedWhenTold ||= keeper.contention !== undefined,
  });
  await reconcile();
  let version = 100;
  const overwrite = (kind: WebhookConfiguration["kind"]) => {
    const stored = written.findLast((each) => each.kind === kind);
    assert.ok(stored);
    const metadata = { ...stored.metadata, resourceVersion: String(version++) };
    keeper.observe(kind, { ...stored, metadata, webhooks: [] });
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
  assert.ok(contendedWhenTold);
});

Deno.test("RegistrationKeeper registers a new SidecarSet at once although somebody keeps changing the registration", async () => {
  const { reconcile, state, written, overwrite, goOn } = fight();
  await reconcile();
  overwrite();
  await goOn(60);
  const before = written.length;
  await reconcile();
  assert.equal(written.length, before, "the next repair has to wait");
  const added = sidecarSetOf({ name: "other", spec: { selector: { matchLabels: { app: "b" } } } });
  state.sidecarSets = [...state.sidecarSets, added];
  await reconcile();
  assert.equal(written.length, before + 1);
});

Deno.test("RegistrationKeeper is slow to put back what is deleted again and again", async () => {
  const { reconcile, keeper, written, clock } = setUp();
  await reconcile();
  for (let i = 0; i < 600; i++) {
    keeper.observe(mutating, undefined);
    await reconcile();
    await clock.advance(100);
  }
  assert.ok(written.length >= 6 && written.length <= 9, `written ${written.length} times`);
});

Deno.test("RegistrationKeeper is trusted by no entry that has no authority", async () => {
  const { reconcile, keeper, written } = setUp();
  await reconcile();
  assert.ok(keeper.trusts(pem("own")));
  const stored = written.find(({ kind }) => kind === mutating);
  assert.ok(stored);
  const webhooks = stored.webhooks?.map((entry) => ({
    ...entry,
    clientConfig: { url: "https://127.0.0.1:9443/other" },
  }));
  const metadata = { ...stored.metadata, resourceVersion: "9" };
  keeper.observe(mutating, { ...stored, metadata, ...(webhooks ? { webhooks } : {}) });
  assert.ok(!keeper.trusts(pem("own")));
});

const clusterRole = (uid: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  name: "sidecarset",
  uid,
});

Deno.test("RegistrationKeeper belongs to the ClusterRole that there is when it was deleted with the one before", async () => {
  let owner: OwnerReference | undefined = clusterRole("1");
  const { reconcile, keeper, written } = setUp(undefined, { owner: () => Promise.resolve(owner) });
  await reconcile();
  const uids = () =>
    written.splice(0).map(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid));
  const deleted = async () => {
    for (const kind of [mutating, "ValidatingWebhookConfiguration"] as const) {
      keeper.observe(kind, undefined);
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

Deno.test("RegistrationKeeper plans anew only when a SidecarSet wants something else", async () => {
  const { reconcile, state, written } = setUp();
  await reconcile();
  state.sidecarSets = [sidecarSetOf({ resourceVersion: "2", status: {} })];
  await reconcile();
  assert.equal(written.length, 2);
  state.sidecarSets = [
    sidecarSetOf({ spec: { selector: { matchLabels: { app: "other" } } } }),
    sidecarSetOf({ name: "second" }),
  ];
  await reconcile();
  assert.equal(written.length, 3);
  state.sidecarSets = state.sidecarSets.slice(0, 1);
  await reconcile();
  assert.equal(written.length, 4);
});

Deno.test("RegistrationKeeper is not misled by a watch that lags behind its own write", async () => {
  const { reconcile, keeper, state, written } = setUp();
  await reconcile();
  state.sidecarSets = [sidecarSetOf({ spec: { selector: { matchLabels: { app: "b" } } } })];
  await reconcile();
  const count = written.length;
  keeper.observe(mutating, {
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
  Deno.test(`RegistrationKeeper puts right what is ${what} before the answer to its write arrives`, async () => {
    const { reconcile, keeper, state, written, covered, clock } = setUp(undefined, {
      write(wanted) {
        written.push(wanted);
        const metadata = { ...wanted.metadata, resourceVersion: String(written.length) };
        const stored = { ...wanted, metadata };
        if (written.length === 3) keeper.observe(stored.kind, later(stored));
        return Promise.resolve(stored);
      },
    });
    await reconcile();
    state.sidecarSets = [sidecarSetOf({ spec: { selector: { matchLabels: { app: "b" } } } })];
    await reconcile();
    assert.equal(written.length, 3);
    const told = covered.length;
    await clock.advance(1_000);
    await reconcile();
    assert.equal(written.length, 4);
    assert.equal(covered.length, told + 2, "the coverage was lost for a while");
    assert.notDeepEqual(written[3]?.webhooks, []);
  });
}

Deno.test("RegistrationKeeper leaves other people's labels, annotations and finalizers alone", async () => {
  const { reconcile, keeper, written, state } = setUp();
  await reconcile();
  const stored = written.at(-1);
  assert.ok(stored);
  const { metadata } = stored;
  const theirs = { annotations: { note: "kept" }, finalizers: ["shop/finalizer"] };
  const labels = { ...metadata.labels, team: "shop" };
  keeper.observe(stored.kind, {
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

Deno.test("RegistrationKeeper dates a registration that it finds in force by its last write", async () => {
  const first = setUp();
  await first.reconcile();
  const { reconcile, keeper, state, written } = setUp();
  for (const stored of first.written) {
    const managedFields = [{ time: "2025-12-31T23:00:00Z" }, { time: "2025-12-31T23:30:00Z" }];
    keeper.observe(stored.kind, { ...stored, metadata: { ...stored.metadata, managedFields } });
  }
  await reconcile();
  const [prepared] = state.sidecarSets;
  assert.ok(prepared);
  assert.deepEqual(written, []);
  assert.deepEqual(keeper.coveredSince(prepared), new Date("2025-12-31T23:30:00Z"));
});

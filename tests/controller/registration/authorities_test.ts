import assert from "node:assert/strict";
import { trusts } from "../../../lib/controller/registration/configuration.ts";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import type { RegistrationReconcilerOptions } from "../../../lib/controller/registration/reconciler.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { mutating, pem, PublishedPeers, setUp } from "./scene.ts";

/** A follower that sees what a leader of other settings has written. */
async function follow(settings: Partial<RegistrationReconcilerOptions>) {
  const leader = setUp();
  await leader.reconcile();
  const follower = setUp([sidecarSetOf({ name: "new" })], settings);
  follower.state.leading = false;
  for (const stored of leader.written) follower.reconciler.observe(stored.kind, stored);
  await follower.reconcile();
  return follower;
}

Deno.test("RegistrationReconciler of a newer version is reached while the older one still leads", async () => {
  const { reconciler, written } = await follow({ excludedNamespaces: ["shop"] });
  assert.deepEqual(written, []);
  assert.deepEqual([reconciler.isReached, reconciler.isRegistered], [true, false]);
});

for (
  const [what, settings] of Object.entries({
    "another address": { endpoint: { url: "https://127.0.0.1:9444" } },
    "another authority": { caBundle: () => pem("other") },
  })
) {
  Deno.test(`RegistrationReconciler is not reached by a registration for ${what}`, async () => {
    assert.equal((await follow(settings)).reconciler.isReached, false);
  });
}

Deno.test("RegistrationReconciler bears with an address that it cannot read", async () => {
  const leader = setUp();
  await leader.reconcile();
  const follower = setUp();
  follower.state.leading = false;
  const clientConfig = { url: "https://[fe80::1%25eth0]/", caBundle: btoa(pem("own")) };
  for (const stored of leader.written) {
    const webhooks = (stored.webhooks ?? []).map((entry) => ({ ...entry, clientConfig }));
    follower.reconciler.observe(stored.kind, { ...stored, webhooks });
  }
  await follower.reconcile();
  assert.equal(follower.reconciler.isReached, false);
});

const bundlesOf = (configurations: readonly WebhookConfiguration[]) =>
  configurations.flatMap(({ webhooks = [] }) => webhooks)
    .map(({ clientConfig }) => atob(clientConfig.caBundle ?? ""));

Deno.test("RegistrationReconciler registers the authorities of all replicas, and reads them first", async () => {
  const peers = new PublishedPeers(pem("another") + pem("own"));
  const { written, reconcile, state } = setUp(undefined, { peers });
  await reconcile();
  assert.deepEqual(new Set(bundlesOf(written)), new Set([pem("another") + pem("own")]));
  state.sidecarSets = [];
  await reconcile();
  assert.equal(peers.looks, 1, "the authorities are the same");
  // What this process knew when it last looked is not what is so now.
  peers.caBundle = "";
  peers.published = pem("another") + pem("third");
  const count = written.length;
  await reconcile();
  assert.deepEqual(
    new Set(bundlesOf(written.slice(count))),
    new Set([pem("another") + pem("own") + pem("third")]),
  );
});

Deno.test("RegistrationReconciler registers the same authorities with each leader", async () => {
  const first = setUp(undefined, { peers: new PublishedPeers(pem("z") + pem("a")) });
  await first.reconcile();
  const second = setUp(undefined, {
    caBundle: () => pem("z"),
    peers: new PublishedPeers(pem("own") + pem("a")),
  });
  for (const stored of first.written) second.reconciler.observe(stored.kind, stored);
  await second.reconcile();
  assert.deepEqual(second.written, []);
});

Deno.test("RegistrationReconciler is reached a few seconds after its other authority is registered", async () => {
  const { reconciler, clock, reconcile, written } = await follow({ caBundle: () => pem("new") });
  const both = setUp(undefined, { peers: new PublishedPeers(pem("new")) });
  await both.reconcile();
  for (const stored of both.written) {
    reconciler.observe(stored.kind, {
      ...stored,
      metadata: { ...stored.metadata, resourceVersion: "9" },
    });
  }
  await reconcile();
  assert.deepEqual([
    reconciler.isReached,
    trusts(both.written.flatMap(({ webhooks = [] }) => webhooks), pem("own") + pem("new")),
  ], [false, true]);
  await clock.advance(3_000);
  assert.ok(reconciler.isReached);
  assert.deepEqual(written, []);
});

Deno.test("RegistrationReconciler is trusted by no entry that has no authority", async () => {
  const { reconcile, written } = setUp();
  await reconcile();
  assert.ok(trusts(written.flatMap(({ webhooks = [] }) => webhooks), pem("own")));
  const stored = written.find(({ kind }) => kind === mutating);
  assert.ok(stored);
  const webhooks = stored.webhooks?.map((entry) => ({
    ...entry,
    clientConfig: { url: "https://127.0.0.1:9443/other" },
  }));
  assert.ok(!trusts(webhooks ?? [], pem("own")));
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  createSecretSource,
  type SecretSourceOptions,
} from "../../../lib/webhook/certificates/secret_source.ts";
import { RENEWAL_ANNOTATION } from "../../../lib/api/names.ts";
import { authorityData } from "../../../lib/webhook/certificates/identity.ts";
import { issueAuthority } from "../../../lib/webhook/certificates/issue.ts";
import type { ServingCertificate } from "../../../lib/webhook/certificates/source.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { recordingLogger } from "../fixtures.ts";
import { MemoryStore } from "./memory_store.ts";

/** A replica whose authority lives 900 s, its certificates 300 s, and which trusts a new authority after 30 s. */
function replica(
  store: MemoryStore,
  options: Partial<SecretSourceOptions> & { clock: ManualClock },
) {
  const certificates: ServingCertificate[] = [];
  const bundles: string[] = [];
  const source = createSecretSource({
    store,
    names: { dns: ["webhook.sidecarset.svc"], ip: [] },
    listener: {
      onCertificate: (certificate) => certificates.push(certificate),
      onCaBundle: (bundle) => bundles.push(bundle),
    },
    logger: recordingLogger(),
    authoritySeconds: 900,
    certificateSeconds: 300,
    settleSeconds: 30,
    ...options,
  });
  return { source, certificates, bundles };
}

function authoritiesOf(bundle: string): X509Certificate[] {
  return bundle.split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean)
    .map((pem) => new X509Certificate(pem));
}

/** Whether a client with this bundle takes the certificate. */
function trusts(bundle: string, { cert }: ServingCertificate): boolean {
  const leaf = new X509Certificate(cert);
  return authoritiesOf(bundle).some((root) =>
    leaf.checkIssued(root) && leaf.verify(root.publicKey)
  );
}

function served({ source }: ReturnType<typeof replica>): ServingCertificate {
  const certificate = source.current();
  assert.ok(certificate);
  return certificate;
}

Deno.test("createSecretSource() makes an authority once and a certificate that it vouches for", async () => {
  const store = new MemoryStore();
  const one = replica(store, { clock: new ManualClock() });
  assert.equal(one.source.current(), undefined);
  assert.equal(one.source.caBundle(), "");
  await one.source.check();
  await one.source.check();
  assert.equal(store.writes, 1);
  assert.deepEqual(one.certificates, [one.source.current()]);
  assert.deepEqual(one.bundles, [one.source.caBundle()]);
  assert.ok(trusts(one.source.caBundle(), served(one)));
});

Deno.test("createSecretSource() lets one of two replicas that start together win", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const [one, two] = [replica(store, { clock }), replica(store, { clock })];
  await Promise.all([one.source.check(), two.source.check()]);
  assert.equal(store.writes, 1);
  assert.equal(one.source.caBundle(), two.source.caBundle());
  assert.notEqual(served(one).cert, served(two).cert);
  for (const each of [one, two]) assert.ok(trusts(store.data?.["tls.crt"] ?? "", served(each)));
});

Deno.test("createSecretSource() renews its certificate at two thirds of its life", async () => {
  const clock = new ManualClock();
  const one = replica(new MemoryStore(), { clock });
  await one.source.check();
  await clock.advance(185_000);
  await one.source.check();
  assert.equal(one.certificates.length, 1);
  await clock.advance(10_000);
  await one.source.check();
  assert.equal(one.certificates.length, 2);
  assert.equal(one.bundles.length, 1);
});

Deno.test("createSecretSource() changes its authority so that clients always know the one in use", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const replicas = [replica(store, { clock }), replica(store, { clock })] as const;
  for (const { source } of replicas) await source.check();
  // Clients get the first replica's bundle 20 s after it has changed.
  const history: { since: number; bundle: string }[] = [];
  const issuers = new Set<string>();
  for (let second = 0; second < 3000; second += 5) {
    for (const { source } of replicas) await source.check();
    history.push({ since: second, bundle: replicas[0].source.caBundle() });
    const known = history.findLast(({ since }) => since <= second - 20) ?? history[0];
    for (const each of replicas) {
      assert.ok(known && trusts(known.bundle, served(each)), `not trusted after ${second} s`);
      assert.ok(served(each).notAfter > clock.now(), `expired after ${second} s`);
      issuers.add(new X509Certificate(served(each).cert).issuer);
    }
    await clock.advance(5000);
  }
  assert.ok(issuers.size >= 4, `${issuers.size} authorities`);
  assert.equal(store.writes, issuers.size);
  assert.ok(authoritiesOf(replicas[0].source.caBundle()).length <= 2);
});

Deno.test("createSecretSource() moves to a new authority only when the registration has it", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  let registered = "";
  const one = replica(store, { clock, isTrusted: (pem) => registered.includes(pem.trim()) });
  await one.source.check();
  registered = one.source.caBundle();
  await clock.advance(600_000);
  await one.source.check();
  const before = served(one);
  await clock.advance(40_000);
  await one.source.check();
  assert.equal(served(one), before);
  assert.ok(trusts(registered, served(one)));
  registered = one.source.caBundle();
  await one.source.check();
  assert.notEqual(served(one), before);
  assert.ok(trusts(store.data?.["tls.crt"] ?? "", served(one)));
});

Deno.test("createSecretSource() stores its authority again when the Secret is deleted or damaged", async () => {
  const store = new MemoryStore();
  const one = replica(store, { clock: new ManualClock() });
  await one.source.check();
  const stored = store.data;
  for (const damage of [undefined, {}, { ...stored, "tls.key": "x" }, { "tls.crt": "" }]) {
    store.data = damage;
    await one.source.check();
    assert.deepEqual(store.data, stored);
  }
  assert.equal(one.certificates.length, 1);
  assert.equal(one.bundles.length, 1);
});

Deno.test("createSecretSource() reports the new CA of another replica next to its own before it changes", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const old = replica(store, { clock });
  await old.source.check();
  store.data = undefined;
  const fresh = replica(store, { clock });
  await fresh.source.check();
  await old.source.check();
  const first = served(old);
  assert.equal(authoritiesOf(old.source.caBundle()).length, 2);
  assert.ok(trusts(old.source.caBundle(), first));
  assert.ok(trusts(old.source.caBundle(), served(fresh)));
  await clock.advance(30_000);
  await old.source.check();
  assert.notEqual(served(old), first);
  assert.equal(old.source.caBundle(), fresh.source.caBundle());
});

Deno.test("createSecretSource() moves at once when its authority is trusted no more", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const old = replica(store, {
    clock,
    isTrusted: (pem) => pem === store.data?.["tls.crt"],
  });
  await old.source.check();
  store.data = undefined;
  await replica(store, { clock }).source.check();
  await old.source.check();
  assert.ok(trusts(store.data?.["tls.crt"] ?? "", served(old)));
});

Deno.test("createSecretSource() renews its certificate while the API server cannot be reached", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const one = replica(store, { clock });
  await one.source.check();
  store.failure = new Error("connection refused");
  await clock.advance(200_000);
  await assert.rejects(one.source.check(), /connection refused/);
  assert.equal(one.certificates.length, 2);
});

Deno.test("createSecretSource() rejects when the Secret changes during each attempt", async () => {
  class Contested extends MemoryStore {
    override create(): Promise<boolean> {
      return Promise.resolve(false);
    }
  }
  const one = replica(new Contested(), { clock: new ManualClock() });
  await assert.rejects(one.source.check(), /changed during 5 attempts/);
});

Deno.test("createSecretSource() offers a certificate and a bundle again after a listener that failed", async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  let failing = true;
  const offered: string[] = [];
  const bundles: string[] = [];
  const fail = () => {
    if (failing) throw new Error("the port is busy");
  };
  const { source } = replica(store, {
    clock,
    listener: {
      onCertificate({ cert }) {
        offered.push(cert);
        fail();
      },
      onCaBundle: (bundle) => bundles.push(bundle),
    },
  });
  await assert.rejects(source.check(), /the port is busy/);
  assert.equal(source.current(), undefined, "it is not served");
  failing = false;
  await source.check();
  const first = source.current();
  assert.equal(offered.length, 2);
  assert.equal(first?.cert, offered.at(-1));
  failing = true;
  await clock.advance(250_000);
  await assert.rejects(source.check(), /the port is busy/);
  assert.equal(source.current(), first, "a failed swap leaves what is served");
  failing = false;
  await source.check();
  assert.notEqual(source.current(), first);
  assert.equal(source.current()?.cert, offered.at(-1));
  assert.equal(bundles.length, 1);
});

Deno.test("createSecretSource() announces a bundle again after a listener that failed", async () => {
  const bundles: string[] = [];
  const { source } = replica(new MemoryStore(), {
    clock: new ManualClock(),
    listener: {
      onCertificate() {},
      onCaBundle(bundle) {
        bundles.push(bundle);
        if (bundles.length === 1) throw new Error("not now");
      },
    },
  });
  await assert.rejects(source.check(), /not now/);
  await source.check();
  assert.deepEqual(bundles, [source.caBundle(), source.caBundle()]);
});

Deno.test("createSecretSource() renews its certificate once for each request of a user", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const one = replica(store, { clock });
  await one.source.check();
  for (const [request, certificates] of [["a", 2], ["a", 2], ["b", 3], [undefined, 3]] as const) {
    store.annotations = request === undefined ? {} : { [RENEWAL_ANNOTATION]: request };
    await one.source.check();
    assert.equal(one.certificates.length, certificates, `after request ${request}`);
  }
  store.annotations = { [RENEWAL_ANNOTATION]: "b" };
  const late = replica(store, { clock });
  await late.source.check();
  await late.source.check();
  assert.equal(late.certificates.length, 1, "a certificate that is issued later answers it");
});

Deno.test("createSecretSource() keeps its certificate until clients trust the replaced authority", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const one = replica(store, { clock });
  await one.source.check();
  const first = one.source.caBundle();
  const { secret } = await store.get() ?? {};
  assert.ok(secret);
  const next = await issueAuthority({ now: clock.now(), lifetimeSeconds: 900 });
  await store.update(authorityData({ current: next }), secret);
  await one.source.check();
  assert.ok(trusts(first, served(one)));
  assert.equal(authoritiesOf(one.source.caBundle()).length, 2);
  await clock.advance(30_000);
  await one.source.check();
  assert.ok(!trusts(first, served(one)));
  assert.equal(one.source.caBundle(), next.cert, "the old authority is withdrawn");
});

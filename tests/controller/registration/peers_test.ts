import assert from "node:assert/strict";
import { CA_BUNDLE_ANNOTATION } from "../../../lib/api/names.ts";
import type { Lease } from "../../../lib/api/objects.ts";
import { Peers, type ReplicaLeases } from "../../../lib/controller/registration/peers.ts";
import { ApiError } from "../../../lib/kube/errors.ts";
import { issueAuthority } from "../../../lib/webhook/certificates/issue.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { recordingLogger } from "../../webhook/fixtures.ts";

const START = new Date("2026-05-01T12:00:00Z");
const authority = async (lifetimeSeconds = 86_400) =>
  (await issueAuthority({ now: START, lifetimeSeconds })).cert;

/** Leases in memory, as replicas of their own see them. */
class MemoryLeases implements ReplicaLeases {
  readonly stored = new Map<string, Lease>();
  failure: Error | undefined;
  /** Of calls of one kind, or about one Lease. */
  failureOf: { put?: Error; remove?: (name: string) => Error | undefined } = {};
  #version = 0;

  list() {
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve([...this.stored.values()].map((lease) => structuredClone(lease)));
  }

  put(lease: Lease) {
    const failure = this.failure ?? this.failureOf.put;
    if (failure) return Promise.reject(failure);
    const resourceVersion = String(++this.#version);
    const stored = { ...lease, metadata: { ...lease.metadata, resourceVersion } };
    this.stored.set(lease.metadata.name ?? "", stored);
    return Promise.resolve(structuredClone(stored));
  }

  remove({ metadata: { name = "", resourceVersion } }: Lease) {
    const failure = this.failureOf.remove?.(name);
    if (failure) return Promise.reject(failure);
    const found = this.stored.get(name)?.metadata.resourceVersion;
    if (resourceVersion === undefined || found === resourceVersion) this.stored.delete(name);
    return Promise.resolve();
  }

  publishedBundle(name: string) {
    return this.stored.get(name)?.metadata.annotations?.[CA_BUNDLE_ANNOTATION];
  }
}

function replica(name: string, leases: MemoryLeases, clock: ManualClock) {
  const state: { caBundle: string | undefined; leading: boolean } = {
    caBundle: undefined,
    leading: false,
  };
  let changes = 0;
  const log = recordingLogger();
  const peers = new Peers({
    ...{ leases, clock, name, logger: log },
    identity: `host_${name}`,
    pollMs: 10_000,
    caBundle: () => state.caBundle,
    facts: () => ({ version: "1" }),
    isLeader: () => state.leading,
    onChange: () => changes++,
  });
  const stop = new AbortController();
  const running = peers.run(stop.signal);
  return { peers, state, log, changes: () => changes, stop: () => (stop.abort(), running) };
}

Deno.test("Peers reports which authorities of other replicas to trust, for as long as they serve", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const [leader, other] = [replica("a", leases, clock), replica("b", leases, clock)];
  leader.state.leading = true;
  const [first, second] = [await authority(), await authority()];
  other.state.caBundle = first;
  other.peers.announce();
  await clock.advance(10_000);
  assert.equal(leader.peers.caBundle, first);
  assert.equal(leases.stored.get("b")?.metadata.annotations?.version, "1");
  other.state.caBundle = second;
  other.peers.announce();
  await clock.advance(0);
  assert.equal(leases.publishedBundle("b"), second, "another bundle is published at once");
  await clock.advance(10_000);
  assert.deepEqual([leader.peers.caBundle, leader.changes()], [second, 2]);
  await other.stop();
  await clock.advance(10_000);
  assert.deepEqual([leader.peers.caBundle, leader.changes()], ["", 3]);
  await leader.stop();
  assert.equal(leases.stored.size, 0);
});

Deno.test("Peers forgets a replica that ended without cleaning up, and none that still renews its Lease", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const [leader, living] = [replica("a", leases, clock), replica("b", leases, clock)];
  leader.state.leading = true;
  const [ended, there] = [await authority(), await authority()];
  living.state.caBundle = there;
  await leases.put({
    metadata: { name: "c", annotations: { [CA_BUNDLE_ANNOTATION]: ended } },
    spec: { holderIdentity: "host_c", leaseDurationSeconds: 120 },
  });
  await clock.advance(120_000);
  assert.ok(leader.peers.caBundle.includes(ended));
  await clock.advance(20_000);
  assert.deepEqual([...leases.stored.keys()], ["b"]);
  await clock.advance(10_000);
  assert.equal(leader.peers.caBundle, there);
  await Promise.all([leader.stop(), living.stop()]);
});

Deno.test("Peers keeps all replicas while the API server does not answer", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const leader = replica("a", leases, clock);
  leader.state.leading = true;
  const there = await authority();
  await leases.put({
    metadata: { name: "b", annotations: { [CA_BUNDLE_ANNOTATION]: there } },
    spec: { holderIdentity: "host_b", leaseDurationSeconds: 120 },
  });
  await clock.advance(10_000);
  leases.failure = new Error("no route to host");
  await clock.advance(600_000);
  assert.equal(leader.peers.caBundle, there);
  assert.equal(leader.log.lines.length, 1, "a failure that lasts is logged once");
  leases.failure = undefined;
  await clock.advance(60_000);
  assert.equal(leader.peers.caBundle, there);
  await leader.stop();
});

Deno.test("Peers leaves out what API servers cannot use", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const { peers, stop } = replica("a", leases, clock);
  const [lasting, short] = [await authority(), await authority(60)];
  const broken = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";
  await leases.put({
    metadata: { name: "b", annotations: { [CA_BUNDLE_ANNOTATION]: broken + short + lasting } },
  });
  await leases.put({ metadata: { name: "c" } });
  const { signal } = new AbortController();
  await peers.look(signal);
  assert.deepEqual(new Set(peers.caBundle.split(/(?<=END.*\n)/)), new Set([lasting, short]));
  await clock.advance(61_000);
  await peers.look(signal);
  assert.equal(peers.caBundle, lasting);
  await stop();
});

Deno.test("Peers takes as many authorities of others as fit, in spite of an oversized one", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const { peers, stop } = replica("a", leases, clock);
  const authorities = await Promise.all(Array.from({ length: 60 }, () => authority()));
  const [there = "", ...forged] = authorities;
  const published = { b: there, c: forged.join("") };
  for (const [name, bundle] of Object.entries(published)) {
    await leases.put({ metadata: { name, annotations: { [CA_BUNDLE_ANNOTATION]: bundle } } });
  }
  await peers.look(new AbortController().signal);
  assert.ok(peers.caBundle.length > 10_000, "it is made to be long");
  assert.ok(peers.caBundle.length <= 16_384, `${peers.caBundle.length} characters`);
  await stop();
});

Deno.test("Peers keeps the known authorities while an API server that just started refuses requests", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const leader = replica("a", leases, clock);
  leader.state.leading = true;
  const there = await authority();
  await leases.put({
    metadata: { name: "b", annotations: { [CA_BUNDLE_ANNOTATION]: there } },
    spec: { holderIdentity: "host_b", leaseDurationSeconds: 120 },
  });
  await clock.advance(10_000);
  leases.failure = new ApiError({ method: "GET", path: "/leases", httpCode: 403 });
  await clock.advance(600_000);
  assert.deepEqual([leader.peers.caBundle, leader.changes()], [there, 1]);
  await leader.stop();
});

Deno.test("Peers deletes the Leases of ended replicas, although one of them cannot be deleted", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  leases.failureOf.remove = (name) => name === "b" ? new Error("a policy forbids it") : undefined;
  const leader = replica("a", leases, clock);
  leader.state.leading = true;
  for (const name of ["b", "c", "d"]) {
    await leases.put({
      metadata: { name },
      spec: { holderIdentity: `host_${name}`, leaseDurationSeconds: 120 },
    });
  }
  await clock.advance(140_000);
  assert.deepEqual([...leases.stored.keys()], ["b"]);
  await leader.stop();
});

Deno.test("Peers looks for others although it cannot publish its own bundle", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const there = await authority();
  await leases.put({
    metadata: { name: "b", annotations: { [CA_BUNDLE_ANNOTATION]: there } },
    spec: { holderIdentity: "host_b", leaseDurationSeconds: 120 },
  });
  const leader = replica("a", leases, clock);
  leases.failureOf.put = new ApiError({ method: "PATCH", path: "/leases/a", httpCode: 422 });
  leader.state.caBundle = await authority();
  await clock.advance(10_000);
  leader.state.leading = true;
  await clock.advance(10_000);
  assert.equal(leader.peers.caBundle, there);
  assert.equal(leader.log.lines.length, 1, "a failure that lasts is logged once");
  await leader.stop();
});

Deno.test("Peers knows no other replica without the right to list Leases, as in an older role", async () => {
  const [leases, clock] = [new MemoryLeases(), new ManualClock(START)];
  const { peers, stop } = replica("a", leases, clock);
  leases.failure = new ApiError({ method: "GET", path: "/leases", httpCode: 403 });
  await peers.look(new AbortController().signal);
  assert.equal(peers.caBundle, "");
  leases.failure = new Error("no route to host");
  await assert.rejects(peers.look(new AbortController().signal), /no route/);
  await stop();
});

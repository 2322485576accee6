import assert from "node:assert/strict";
import { LeaderElection } from "../../../lib/controller/leader/election.ts";
import type { LeaseStore } from "../../../lib/controller/leader/lease_store.ts";
import type { Lease } from "../../../lib/api/objects.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { quietLogger } from "../../support/quiet_logger.ts";

class MemoryLease implements LeaseStore {
  stored: Lease | undefined;
  broken = false;
  #version = 0;

  get(): Promise<Lease | undefined> {
    if (this.broken) return Promise.reject(new Error("no route to host"));
    return Promise.resolve(this.stored && structuredClone(this.stored));
  }

  create(lease: Lease): Promise<Lease> {
    if (this.stored) return Promise.reject(new Error("already exists"));
    return this.#store(lease);
  }

  update(lease: Lease): Promise<Lease> {
    if (this.broken) return Promise.reject(new Error("no route to host"));
    const current = this.stored?.metadata.resourceVersion;
    if (lease.metadata.resourceVersion !== current) return Promise.reject(new Error("conflict"));
    return this.#store(lease);
  }

  #store(lease: Lease): Promise<Lease> {
    const resourceVersion = String(++this.#version);
    this.stored = structuredClone({ ...lease, metadata: { ...lease.metadata, resourceVersion } });
    return Promise.resolve(structuredClone(this.stored));
  }
}

function candidate(identity: string, store: LeaseStore, clock: ManualClock) {
  const election = new LeaderElection({
    store,
    clock,
    logger: quietLogger,
    identity,
    leaseName: "sidecarset",
    leaseNamespace: "sidecarset-system",
    annotations: () => ({ "published-by": identity }),
  });
  const stop = new AbortController();
  const running = election.run(stop.signal);
  return { election, stop: () => (stop.abort(), running) };
}

Deno.test("LeaderElection has one leader among two candidates", async () => {
  const [store, clock] = [new MemoryLease(), new ManualClock()];
  const [a, b] = [candidate("a", store, clock), candidate("b", store, clock)];
  await clock.advance(60_000);
  assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [true, false]);
  await Promise.all([b.stop(), a.stop()]);
});

Deno.test("LeaderElection hands over at once when the leader stops in order", async () => {
  const [store, clock] = [new MemoryLease(), new ManualClock()];
  const [a, b] = [candidate("a", store, clock), candidate("b", store, clock)];
  await clock.advance(5_000);
  await a.stop();
  assert.equal(a.election.isLeader(), false);
  await clock.advance(2_000);
  assert.equal(b.election.isLeader(), true);
  assert.equal(store.stored?.spec?.leaseTransitions, 1);
  assert.equal(store.stored?.metadata.annotations?.["published-by"], "b");
  await b.stop();
});

Deno.test("LeaderElection stops trusting its Lease before another candidate may take it", async () => {
  const [clock, lease] = [new ManualClock(), new MemoryLease()];
  const cut = new MemoryLease();
  const store: LeaseStore = {
    get: () => (cut.broken ? cut : lease).get(),
    create: (value) => lease.create(value),
    update: (value) => (cut.broken ? cut : lease).update(value),
  };
  const a = candidate("a", store, clock);
  const b = candidate("b", lease, clock);
  await clock.advance(4_000);
  cut.broken = true;
  await clock.advance(9_000);
  assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [true, false]);
  await clock.advance(2_000);
  assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [false, false]);
  await clock.advance(10_000);
  assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [false, true]);
  await Promise.all([a.stop(), b.stop()]);
});

Deno.test("LeaderElection reports leading again after a late renewal", async () => {
  const [store, clock] = [new MemoryLease(), new ManualClock()];
  let answers = Promise.resolve();
  const changes: boolean[] = [];
  const election = new LeaderElection({
    ...{ clock, logger: quietLogger, leaseName: "sidecarset", leaseNamespace: "system" },
    store: {
      get: () => answers.then(() => store.get()),
      create: (lease) => store.create(lease),
      update: (lease) => store.update(lease),
    },
    identity: "a",
  });
  election.subscribe(() => {
    throw new Error("a subscriber that fails");
  });
  election.subscribe((isLeading) => changes.push(isLeading));
  const stop = new AbortController();
  const running = election.run(stop.signal);
  await clock.advance(1_000);
  const late = Promise.withResolvers<void>();
  answers = late.promise;
  await clock.advance(9_500);
  assert.equal(election.isLeader(), false, "what is asked for now is not done");
  late.resolve();
  await clock.advance(0);
  assert.equal(election.isLeader(), true);
  assert.deepEqual(changes, [true, false, true]);
  stop.abort();
  await running;
});

Deno.test("LeaderElection does not believe another machine's wall clock", async () => {
  const [store, clock] = [new MemoryLease(), new ManualClock()];
  const a = candidate("a", store, clock);
  await clock.advance(1_000);
  clock.setWall(new Date("2030-01-01T00:00:00Z"));
  const b = candidate("b", store, clock);
  await clock.advance(30_000);
  assert.deepEqual([a.election.isLeader(), b.election.isLeader()], [true, false]);
  await Promise.all([a.stop(), b.stop()]);
});

Deno.test("LeaderElection does not trust its Lease after the machine was suspended", async () => {
  const [store, clock] = [new MemoryLease(), new ManualClock()];
  const a = candidate("a", store, clock);
  await clock.advance(1_000);
  assert.equal(a.election.isLeader(), true);
  // The monotonic clock stands still meanwhile.
  clock.setWall(new Date(clock.now().getTime() + 60_000));
  assert.equal(a.election.isLeader(), false);
  assert.ok(a.election.exclusiveFor() <= 0);
  await clock.advance(2_000);
  assert.equal(a.election.isLeader(), true);
  await a.stop();
});

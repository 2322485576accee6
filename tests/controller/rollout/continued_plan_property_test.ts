import assert from "node:assert/strict";
import fc from "fast-check";
import type { IntOrPercent } from "../../../lib/api/strategies.ts";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { partitionSize, unavailableLimit } from "../../../lib/core/rollout/budget.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import { hasTrait, PodTrait } from "../../../lib/core/status/pod_class.ts";
import { podKey } from "../../../lib/index/pods.ts";
import { createEngine } from "../../support/engine.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { podOf, type PodOptions, sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const signal = new AbortController().signal;
const old = sidecarSetOf();

/** What others do to some Pods between two portions: any, or the last of those that are outdated. */
interface Disturbance {
  readonly kind: "delete" | "recreate" | "add" | "update" | "fail" | "recover" | "touch";
  readonly count: number;
  readonly from: "all" | "outdated";
  readonly isUpdated: boolean;
}

interface Round {
  readonly disturbances: readonly Disturbance[];
  /** Every so-manieth answer is late by a round. */
  readonly late: number;
  /** Every so-manieth updated Pod is unready after that. */
  readonly failing: number;
}

const disturbance: fc.Arbitrary<Disturbance> = fc.record({
  kind: fc.constantFrom<Disturbance["kind"]>(
    ...["delete", "recreate", "add", "update", "fail", "recover", "touch"] as const,
  ),
  count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 50, max: 300 })),
  from: fc.constantFrom("all", "outdated"),
  isUpdated: fc.boolean(),
});

const round: fc.Arbitrary<Round> = fc.record({
  disturbances: fc.array(disturbance, { maxLength: 1 }),
  late: fc.constantFrom(2, 5, Infinity),
  failing: fc.constantFrom(3, Infinity, Infinity),
});

const amount: fc.Arbitrary<IntOrPercent> = fc.oneof(
  fc.constantFrom(0, 300, "10%", "50%", "100%"),
  fc.nat({ max: 500 }),
);

/** A roll-out whose writes are answered between its portions. */
class Scene {
  readonly #prepared: PreparedSidecarSet;
  readonly #engine;
  readonly #answers: (() => void)[] = [];
  #serial = 1;

  constructor(prepared: PreparedSidecarSet, states: readonly NonNullable<PodOptions["state"]>[]) {
    this.#prepared = prepared;
    const client = new RecordingClient(({ path }) => {
      const key = `default/${path.split("/pods/")[1]}`;
      const { promise, resolve } = Promise.withResolvers<object>();
      const state = this.#isReady(key) ? "Ready" : "Running";
      const { uid = "" } = this.#engine.index.pods.get(key)?.metadata ?? {};
      this.#answers.push(() => resolve(this.#pod(key, { injected: [prepared], state, uid })));
      return promise;
    });
    this.#engine = createEngine({ client, clock: new ManualClock() });
    this.#engine.index.applySidecarSet(prepared);
    for (const [i, state] of states.entries()) {
      const key = `default/p${String(i).padStart(4, "0")}`;
      this.#engine.index.applyPod(this.#pod(key, { injected: [old], state }));
    }
  }

  /** Lets the roll-out go on, and compares what it starts with the promise, and with a new plan. */
  async advance(): Promise<void> {
    const { index: { pods }, rollouts } = this.#engine;
    const { name, sidecarSet: { spec: { updateStrategy = {} } } } = this.#prepared;
    const pending = rollouts.pendingOf(name);
    const isPending = ({ metadata: { uid = "" } }: ObservedPod) => pending.has(uid);
    const { matchedPods, readyPods } = pods.countsOf(name);
    const outdated = pods.outdatedOf(name);
    const fresh = planRollout({
      prepared: this.#prepared,
      counts: pods.countsOf(name),
      outdated,
      halfUpgraded: [],
      drifted: [],
      matched: pods.matchedOf(name),
      settling: [],
      classOf: (pod) => pods.classesOf(name).get(podKey(pod)) ?? 0,
      now: new Date(0),
      pending,
      retryAt: new Map(),
      exists: () => true,
    });
    await rollouts.advance(this.#prepared, signal);
    const started = rollouts.pendingOf(name).difference(pending);
    assert.ok(started.size <= fresh.updates.length, "more updates than another plan has");
    const left = outdated.filter((pod) => !isPending(pod)).length;
    const partition = partitionSize(updateStrategy.partition, matchedPods);
    assert.ok(left - started.size >= Math.min(partition, left), "the partition is not kept");
    const isReady = (pod: ObservedPod) => this.#isReady(podKey(pod));
    const down = matchedPods - readyPods +
      outdated.filter((pod) => isPending(pod) && isReady(pod)).length;
    const taken = outdated.filter((pod) => started.has(pod.metadata.uid ?? "") && isReady(pod));
    const limit = unavailableLimit(updateStrategy.maxUnavailable, matchedPods);
    assert.ok(taken.length === 0 || down + taken.length <= limit, "too many are unavailable");
  }

  /** Answers all writes but the late ones, until no other one is waiting. */
  async answer({ late, failing }: Round): Promise<void> {
    const { index, loop } = this.#engine;
    const kept: (() => void)[] = [];
    let answered = 0;
    const limit = 8;
    await settle();
    while (loop.inFlight > kept.length && this.#answers.length > 0) {
      for (const resolve of this.#answers.splice(0)) {
        if (++answered % late === 0 && kept.length < limit) kept.push(resolve);
        else resolve();
      }
      await settle();
    }
    this.#answers.push(...kept);
    let updated = 0;
    for (const pod of [...index.pods.matchedOf(this.#prepared.name)]) {
      if (this.#isOutdated(podKey(pod)) || ++updated % failing !== 0) continue;
      this.#set(pod, { isUpdated: true, state: "Running" });
    }
  }

  disturb({ kind, count, from, isUpdated }: Disturbance): void {
    const { pods } = this.#engine.index;
    const { name } = this.#prepared;
    const all = from === "outdated" ? pods.outdatedOf(name) : [...pods.matchedOf(name)];
    for (const pod of all.slice(-count)) this.#disturbPod(pod, { kind, isUpdated });
  }

  #disturbPod(
    pod: ObservedPod,
    { kind, isUpdated }: Pick<Disturbance, "kind" | "isUpdated">,
  ): void {
    const key = podKey(pod);
    const isNow = !this.#isOutdated(key);
    const state = this.#isReady(key) ? "Ready" : "Running";
    if (kind === "add") this.#add(isUpdated);
    else if (kind === "update") this.#set(pod, { isUpdated: true, state });
    else if (kind === "fail") this.#set(pod, { isUpdated: isNow, state: "Running" });
    else if (kind === "recover") this.#set(pod, { isUpdated: isNow, state: "Ready" });
    else if (kind === "touch") this.#set(pod, { isUpdated: isNow, state });
    else this.#engine.index.deletePod(key);
    if (kind === "recreate") this.#add(isUpdated);
  }

  #add(isUpdated: boolean): void {
    const injected = [isUpdated ? this.#prepared : old];
    this.#engine.index.applyPod(this.#pod(`default/new${this.#serial}`, { injected }));
  }

  #set(
    { metadata: { name = "", uid = "" } }: ObservedPod,
    { isUpdated, state }: { isUpdated: boolean; state: "Running" | "Ready" },
  ): void {
    const injected = [isUpdated ? this.#prepared : old];
    this.#engine.index.applyPod(this.#pod(`default/${name}`, { injected, state, uid }));
  }

  #pod(key: string, options: PodOptions) {
    const [, name = ""] = key.split("/");
    return podOf({ name, resourceVersion: `${this.#serial++}`, ...options });
  }

  #isReady(key: string): boolean {
    return hasTrait(this.#classOf(key), PodTrait.Ready);
  }

  #isOutdated(key: string): boolean {
    return !hasTrait(this.#classOf(key), PodTrait.Updated);
  }

  #classOf(key: string): number {
    return this.#engine.index.pods.classesOf(this.#prepared.name).get(key) ?? 0;
  }
}

Deno.test("Rollouts never continues a plan with more updates than another plan would have", async () => {
  const strategy = fc.record({ partition: amount, maxUnavailable: amount });
  const states = fc.array(
    fc.constantFrom<NonNullable<PodOptions["state"]>>("Ready", "Ready", "Ready", "Running"),
    { minLength: 400, maxLength: 700 },
  );
  const rounds = fc.array(round, { minLength: 3, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(strategy, states, rounds, async (updateStrategy, pods, all) => {
      const containers = [{ name: "agent", image: "agent:2" }];
      const scene = new Scene(
        sidecarSetOf({ generation: 2, spec: { containers, updateStrategy } }),
        pods,
      );
      for (const each of all) {
        await scene.advance();
        await scene.answer(each);
        for (const change of each.disturbances) scene.disturb(change);
      }
      await scene.advance();
      await scene.answer({ disturbances: [], late: Infinity, failing: Infinity });
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

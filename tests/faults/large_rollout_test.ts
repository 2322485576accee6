import assert from "node:assert/strict";
import type { IntOrPercent, UpdateStrategy } from "../../lib/api/strategies.ts";
import type { RequestOptions } from "../../lib/kube/contract.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { RolloutRun } from "./rollout_run.ts";
import type { Fault } from "./stored_cluster.ts";
import { faults, numbers } from "./write_faults.ts";

const PODS = 2_000;
const FAILING = 408;
const FIXED = "agent:4";
/** Steps without a write after which nothing is left to do: longer than the delay of a failed write. */
const QUIET_STEPS = 200;

interface Spec {
  readonly version: number;
  readonly generation: number;
  readonly strategy: UpdateStrategy;
}

/** As many different Pods as are asked for. */
function choosePods(count: number, random: () => number): ReadonlySet<string> {
  const chosen = new Set<string>();
  while (chosen.size < count) chosen.add(`p${Math.floor(random() * PODS)}`);
  return chosen;
}

/** A roll-out in which the restarts of the chosen Pods fail until they get the fixed image. */
class LargeRollout extends RolloutRun<Spec> {
  readonly failing: ReadonlySet<string>;
  readonly limit: number;
  readonly #maxUnavailable: IntOrPercent;
  readonly #killAt: { patches: number };
  #generation = 1;

  constructor(seed: number, { maxUnavailable, limit }: Budget) {
    const failing = choosePods(FAILING, numbers(seed));
    const killAt = { patches: Infinity };
    const failed = faults(seed, 0.02);
    super({
      pods: PODS,
      first: { version: 1, generation: 1, strategy: {} },
      prepare: ({ version, generation, strategy: updateStrategy }, resourceVersion) =>
        sidecarSetOf({
          generation,
          resourceVersion,
          spec: { containers: [{ name: "agent", image: `agent:${version}` }], updateStrategy },
        }),
      fault: (options: RequestOptions): Fault => {
        if (this.cluster.podPatches >= killAt.patches && this.isControlled) this.killController();
        return failed(options);
      },
      doesStart: (pod, image) =>
        !image.startsWith("agent:") || ["agent:1", FIXED].includes(image) || !failing.has(pod),
    });
    this.failing = failing;
    this.limit = limit;
    this.#maxUnavailable = maxUnavailable;
    this.#killAt = killAt;
  }

  change(version: number, partition: IntOrPercent): void {
    this.apply({
      version,
      generation: ++this.#generation,
      strategy: { maxUnavailable: this.#maxUnavailable, partition },
    });
  }

  /** Pods with the image of a version. */
  podsAt(version: number): Set<string> {
    const has = (name: string) => this.cluster.images.get(`${name}/agent`)?.at(-1);
    return new Set(
      [...this.cluster.pods.keys()].filter((name) => has(name) === `agent:${version}`),
    );
  }

  /** Kills the controller in the midst of its writes, and starts another one a while later. */
  async failOver(): Promise<void> {
    const before = this.cluster.podPatches;
    this.#killAt.patches = before + 20;
    await this.until(() => !this.isControlled);
    this.#killAt.patches = Infinity;
    for (let i = 0; i < 5; i++) await this.step();
    const { podPatches } = this.cluster;
    for (let i = 0; i < 5; i++) await this.step();
    assert.equal(this.cluster.podPatches, podPatches, "a killed controller writes no more");
    this.startController();
  }

  override async step(): Promise<void> {
    await super.step();
    const { mostUnavailable } = this.cluster;
    assert.ok(mostUnavailable <= this.limit, `${mostUnavailable} Pods were unavailable`);
  }

  async untilQuiet(): Promise<void> {
    let { writes } = this.cluster;
    let quiet = 0;
    await this.until(() => {
      quiet = this.cluster.writes === writes ? quiet + 1 : 0;
      ({ writes } = this.cluster);
      return quiet > QUIET_STEPS;
    });
  }

  get progressing(): { status?: string | undefined; reason?: string | undefined } {
    const found = this.cluster.sidecarSet.status?.conditions?.find(({ type }) =>
      type === "Progressing"
    );
    return { status: found?.status, reason: found?.reason };
  }

  assertSound(): void {
    const { images, podPatches } = this.cluster;
    let changes = 0;
    for (const [container, had] of images) {
      assert.equal(new Set(had).size, had.length, `${container} had ${had.join(", ")}`);
      changes += had.length - 1;
    }
    assert.equal(podPatches, changes, "each patch of a Pod gives it another image");
  }
}

interface Budget {
  readonly maxUnavailable: IntOrPercent;
  readonly limit: number;
}

/** Two image changes, a partition that is moved, and a leader that is killed in between. */
async function rollOut(run: LargeRollout): Promise<void> {
  run.change(2, "60%");
  await run.until(() => run.podsAt(2).size > 200);
  run.change(3, "60%");
  await run.until(() => run.podsAt(3).size > 200);
  await run.failOver();
  await run.untilQuiet();
  run.assertSound();
  assert.equal(run.podsAt(3).size, PODS * 0.4, "the partition is reached, and not passed");
  assert.deepEqual(run.progressing, { status: "True", reason: "PartitionReached" });
  run.change(3, 0);
  await run.until(() => run.podsAt(3).size > PODS / 2);
  await run.failOver();
  await run.untilQuiet();
  run.assertSound();
}

Deno.test("a roll-out of 2,000 Pods with 408 failing restarts updates all where the budget is larger", async () => {
  const run = new LargeRollout(1, { maxUnavailable: "21%", limit: 420 });
  await rollOut(run);
  assert.equal(run.podsAt(3).size, PODS);
  assert.deepEqual(run.cluster.unavailable, run.failing);
  assert.deepEqual(run.progressing, { status: "True", reason: "UpToDate" });
  const { status } = run.cluster.sidecarSet;
  assert.equal(status?.updatedPods, PODS);
  assert.equal(status?.updatedReadyPods, PODS - FAILING);
  await run.end();
});

Deno.test("a roll-out of 2,000 Pods with 408 failing ones stops, reports it, and recovers", async () => {
  const run = new LargeRollout(2, { maxUnavailable: 300, limit: 300 });
  await rollOut(run);
  const { unavailable } = run.cluster;
  assert.equal(unavailable.size, run.limit);
  assert.ok(unavailable.isSubsetOf(run.failing));
  const updated = run.podsAt(3);
  assert.ok(unavailable.isSubsetOf(updated), "a Pod that costs no budget is updated");
  assert.ok(updated.size < PODS);
  assert.deepEqual(run.progressing, { status: "True", reason: "WaitingForAvailability" });
  await run.clock.advance(600_000);
  await run.untilQuiet();
  assert.equal(run.progressing.reason, "ProgressDeadlineExceeded");
  run.change(4, 0);
  await run.untilQuiet();
  run.assertSound();
  assert.equal(run.podsAt(4).size, PODS);
  assert.equal(unavailable.size, 0);
  assert.deepEqual(run.progressing, { status: "True", reason: "UpToDate" });
  await run.end();
});

import assert from "node:assert/strict";
import type { UpdateStrategy } from "../../lib/api/strategies.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import type { RequestOptions } from "../../lib/kube/contract.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { RolloutRun, STEP_MS } from "./rollout_run.ts";
import type { Fault } from "./stored_cluster.ts";
import { faults, numbers } from "./write_faults.ts";

const PODS = 40;
const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" } as const;

interface SetOptions {
  version?: number;
  generation?: number;
  strategy?: UpdateStrategy;
  resourceVersion?: string;
}

/** A SidecarSet with a cold and a hot sidecar. */
function preparedSet(options: SetOptions): PreparedSidecarSet {
  const { version = 1, generation = 1, strategy = {}, resourceVersion = "1" } = options;
  return sidecarSetOf({
    generation,
    resourceVersion,
    spec: {
      containers: [
        { name: "cold", image: `cold:${version}` },
        { name: "hot", image: `hot:${version}`, upgradeStrategy: hot },
      ],
      updateStrategy: { maxUnavailable: 5, ...strategy },
    },
  });
}

/** A controller at work on Pods of version 1, whose watch is a step late. */
function start(fault?: (options: RequestOptions) => Fault): RolloutRun<SetOptions> {
  return new RolloutRun({
    pods: PODS,
    first: {},
    prepare: (options: SetOptions, resourceVersion) => preparedSet({ ...options, resourceVersion }),
    ...(fault ? { fault } : {}),
  });
}

type Run = RolloutRun<SetOptions>;

/** Whether all Pods run the version, with the hot pair's other half empty. */
function isAt({ cluster, index }: Run, version: number): boolean {
  const { updatedReadyPods } = index.pods.countsOf("web");
  return updatedReadyPods === PODS && [...cluster.pods.values()].every(({ spec }) => {
    const images = spec.containers.map(({ image }) => image);
    return images.includes(`cold:${version}`) && images.includes(`hot:${version}`) &&
      images.includes("empty:1");
  });
}

function assertSound({ cluster }: Run): void {
  assert.ok(cluster.mostUnavailable <= 5, `${cluster.mostUnavailable} Pods were unavailable`);
  for (const [container, images] of cluster.images) {
    const real = images.filter((image) => image !== "empty:1");
    assert.deepEqual(real, [...new Set(real)], `${container} had ${images.join(", ")}`);
  }
}

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`a roll-out ends right though a tenth of the writes fails (${seed})`, async () => {
    const run = start(faults(seed));
    run.apply({ version: 2, generation: 2 });
    await run.until(() => isAt(run, 2));
    assertSound(run);
    await run.end();
  });
}

Deno.test("a roll-out needs two patches for each Pod where nothing fails", async () => {
  const run = start();
  run.apply({ version: 2, generation: 2 });
  await run.until(() => isAt(run, 2));
  assertSound(run);
  assert.equal(run.cluster.podPatches, 2 * PODS, "an upgrade and a flip");
  await run.end();
});

Deno.test("a roll-out goes on when the clock is set back, failed writes included", async () => {
  const run = start(faults(6));
  run.apply({ version: 2, generation: 2 });
  await run.until(() => run.index.pods.countsOf("web").updatedPods > PODS / 3);
  run.clock.setWall(new Date(run.clock.now().getTime() - 3_600_000));
  await run.until(() => isAt(run, 2));
  assertSound(run);
  await run.end();
});

Deno.test("a roll-out that is overtaken by another image skips the one in between", async () => {
  const run = start(faults(7));
  run.apply({ version: 2, generation: 2 });
  await run.until(() => run.index.pods.countsOf("web").updatedPods > PODS / 3);
  const before = run.cluster.podPatches;
  run.apply({ version: 3, generation: 3 });
  await run.until(() => isAt(run, 3));
  assert.ok(run.cluster.podPatches - before >= PODS);
  const skipped = [...run.cluster.images].filter(([key, images]) =>
    key.endsWith("/cold") && !images.includes("cold:2")
  );
  assert.ok(skipped.length >= PODS / 3, `${skipped.length} Pods never had the image in between`);
  assert.ok(run.cluster.mostUnavailable <= 5);
  await run.end();
});

Deno.test("a paused roll-out finishes hot upgrades that have begun, and nothing else", async () => {
  const run = start(faults(8));
  run.apply({ version: 2, generation: 2 });
  await run.until(() => run.index.pods.countsOf("web").updatedPods > PODS / 3);
  run.apply({ version: 2, generation: 3, strategy: { paused: true } });
  for (let i = 0; i < 300; i++) await run.step();
  const { updatedPods, updatedReadyPods } = run.index.pods.countsOf("web");
  assert.ok(updatedPods < PODS / 2);
  assert.equal(updatedReadyPods, updatedPods);
  run.apply({ version: 2, generation: 4 });
  await run.until(() => isAt(run, 2));
  assertSound(run);
  await run.end();
});

Deno.test("nothing is written or remembered after the SidecarSet was deleted in mid-roll-out", async () => {
  const run = start(faults(9));
  run.apply({ version: 2, generation: 2 });
  await run.until(() => run.index.pods.countsOf("web").updatedPods > PODS / 3);
  run.remove();
  await run.until(() => run.rollouts.size === 0, { steps: 300 });
  const { podPatches } = run.cluster;
  for (let i = 0; i < 50; i++) await run.step();
  assert.equal(run.cluster.podPatches, podPatches);
  assert.equal(run.loop.inFlight, 0);
  await run.end();
});

const OUTAGES: Readonly<Record<string, (random: () => number) => Fault>> = {
  "half of the writes get 503": (random) => random() < 0.5 ? { httpCode: 503 } : undefined,
  "all writes get 503": () => ({ httpCode: 503 }),
  "all writes get 500": () => ({ httpCode: 500 }),
  "all writes get 429": () => ({ httpCode: 429, status: { details: { retryAfterSeconds: 1 } } }),
  "all writes get 429 and an hour to wait": () => ({
    httpCode: 429,
    status: { details: { retryAfterSeconds: 3_600 } },
  }),
  "connections are refused": () => ({ lost: "before" }),
  "answers are lost": (random) => ({ lost: random() < 0.5 ? "before" : "after" }),
};
for (const [what, faultOf] of Object.entries(OUTAGES)) {
  for (const seconds of [60, 900]) {
    Deno.test(`a roll-out goes on within 10 s after ${what} for ${seconds} s`, async () => {
      const random = numbers(10);
      const takesNothing = !["half of the writes get 503", "answers are lost"].includes(what);
      let isBroken = false;
      const run = start(() => isBroken ? faultOf(random) : undefined);
      run.apply({ version: 2, generation: 2 });
      await run.until(() => run.index.pods.countsOf("web").updatedPods > 2);
      isBroken = true;
      const before = run.cluster.writes;
      const rest = PODS - run.index.pods.countsOf("web").updatedPods;
      for (let i = 0; i < seconds * 1_000 / STEP_MS; i++) await run.step();
      const writes = run.cluster.writes - before;
      assert.ok(writes < seconds * 3 + 10 * PODS, `${writes} writes to a broken server`);
      isBroken = false;
      const { updatedPods } = run.index.pods.countsOf("web");
      const isOn = () => run.index.pods.countsOf("web").updatedPods > updatedPods || isAt(run, 2);
      if (takesNothing) assert.ok(PODS - updatedPods > rest / 2, "there is something left to do");
      await run.until(isOn, { steps: 10_000 / STEP_MS });
      // What it takes where nothing fails, and the wait for the first write.
      await run.until(() => isAt(run, 2), { steps: 40_000 / STEP_MS });
      assertSound(run);
      await run.end();
    });
  }
}

const denied = 'admission webhook "pub.example" denied the request: unavailable Pods are enough';

/** How late the webhook learns that a Pod is available again. */
const LAG_MS = 500;

/** A webhook like OpenKruise's PodUnavailableBudget that allows one Pod to be unavailable. */
function budget(httpCode: number) {
  let sees: () => { unavailable: number; now: number } = () => ({ unavailable: 0, now: 0 });
  let lastUnavailable = -Infinity;
  const fault = ({ method, path }: RequestOptions): Fault => {
    const { unavailable, now } = sees();
    if (unavailable > 0) lastUnavailable = now;
    const isUpdate = method === "PATCH" && /\/pods\/[^/]+$/.test(path);
    const isAllowed = now - lastUnavailable > LAG_MS;
    return isUpdate && !isAllowed ? { httpCode, status: { message: denied } } : undefined;
  };
  return { fault, see: (what: typeof sees) => sees = what };
}

for (const httpCode of [403, 404, 409, 429, 500, 503]) {
  Deno.test(`Pods that a webhook allows one by one follow without waiting (${httpCode})`, async () => {
    const { fault, see } = budget(httpCode);
    const run = start(fault);
    see(() => ({
      unavailable: run.cluster.unavailable.size,
      now: run.clock.monotonic(),
    }));
    run.apply({ version: 2, generation: 2, strategy: { maxUnavailable: "100%" } });
    const began = run.clock.monotonic();
    await run.until(() => isAt(run, 2), { steps: 2_000 });
    const seconds = (run.clock.monotonic() - began) / 1_000;
    // Two restarts of three steps for each Pod, and the webhook's lag.
    const restart = 3 * STEP_MS + LAG_MS;
    assert.ok(seconds < PODS * 2 * 2 * restart / 1_000, `${seconds} s for ${PODS} Pods`);
    assert.ok(run.cluster.mostUnavailable <= 1);
    const perPod = run.cluster.writes / PODS;
    assert.ok(perPod < 20, `${perPod} writes for each Pod`);
    await run.end();
  });
}

import assert from "node:assert/strict";
import type { RequestOptions } from "../../lib/kube/contract.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { RolloutRun } from "./rollout_run.ts";
import type { Fault } from "./stored_cluster.ts";
import { faults, numbers } from "./write_faults.ts";

const PODS = 20;
const MAX_UNAVAILABLE = 4;
const CPU = ["", "100m", "200m", "300m"];

interface Version {
  readonly version: number;
  readonly image: number;
}

function start(fault?: (options: RequestOptions) => Fault): RolloutRun<Version> {
  return new RolloutRun({
    pods: PODS,
    first: { version: 1, image: 1 },
    prepare: ({ version, image }, resourceVersion) =>
      sidecarSetOf({
        generation: version,
        resourceVersion,
        spec: {
          containers: [{
            name: "agent",
            image: `agent:${image}`,
            resources: { requests: { cpu: CPU[version] ?? "" } },
          }],
          updateStrategy: { resizePolicy: "InPlace", maxUnavailable: MAX_UNAVAILABLE },
        },
      }),
    ...(fault ? { fault } : {}),
  });
}

function isAt({ cluster }: RolloutRun<Version>, { version, image }: Version): boolean {
  return [...cluster.pods.values()].every(({ spec, metadata, status }) => {
    const agent = spec.containers.find(({ name }) => name === "agent");
    const reported = status?.containerStatuses?.find(({ name }) => name === "agent");
    return agent?.image === `agent:${image}` && agent.resources?.requests?.cpu === CPU[version] &&
      reported?.resources?.requests?.cpu === CPU[version] &&
      metadata.annotations?.["kruise.io/sidecarset-resized"]?.includes(CPU[version] ?? "") === true;
  });
}

function assertResizedOnce({ cluster }: RolloutRun<Version>): void {
  assert.deepEqual(new Set(cluster.resizes.values()), new Set([1]));
  assert.equal(cluster.resizes.size, PODS);
  assert.ok(
    cluster.mostUnavailable <= MAX_UNAVAILABLE,
    `${cluster.mostUnavailable} Pods changed at a time`,
  );
}

Deno.test("a resize with a new image needs two patches for each Pod where nothing fails", async () => {
  const run = start();
  await run.step();
  run.apply({ version: 2, image: 2 });
  await run.until(() => isAt(run, { version: 2, image: 2 }));
  assertResizedOnce(run);
  assert.equal(run.cluster.podPatches, PODS);
  await run.end();
});

for (const seed of [1, 2, 3]) {
  Deno.test(`resizes end right though a tenth of the writes fails (${seed})`, async () => {
    const run = start(faults(seed));
    await run.until(() => run.cluster.revisions.size > 0);
    run.apply({ version: 2, image: 1 });
    await run.until(() => isAt(run, { version: 2, image: 1 }));
    assert.equal(run.cluster.resizes.size, PODS);
    assert.ok(run.cluster.mostUnavailable <= MAX_UNAVAILABLE);
    await run.end();
  });
}

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`a leader killed between both patches leaves the second to the next (${seed})`, async () => {
    const random = numbers(seed);
    let isKilling = true;
    const run: RolloutRun<Version> = start(({ method, path }) => {
      const isRecord = method === "PATCH" && /\/pods\/[^/]+$/.test(path);
      if (!isRecord || !isKilling || !run.isControlled || random() < 0.6) return undefined;
      run.killController();
      return { lost: random() < 0.5 ? "before" : "after" };
    });
    await run.until(() => run.cluster.revisions.size > 0);
    run.apply({ version: 2, image: 2 });
    let kills = 0;
    for (let steps = 0; !isAt(run, { version: 2, image: 2 }); steps++) {
      assert.ok(steps < 3_000, "the roll-out does not end");
      await run.step();
      if (run.isControlled) continue;
      isKilling = ++kills < 30;
      run.startController();
    }
    assert.ok(kills > 0, "a leader was killed");
    assertResizedOnce(run);
    for (const [container, images] of run.cluster.images) {
      assert.equal(new Set(images).size, images.length, `${container} had ${images.join(", ")}`);
    }
    await run.end();
  });
}

Deno.test("a resize that is overtaken by another one ends at the last", async () => {
  const run = start(faults(6));
  await run.until(() => run.cluster.revisions.size > 0);
  run.apply({ version: 2, image: 1 });
  await run.until(() => run.index.pods.countsOf("web").updatedPods > PODS / 3);
  run.apply({ version: 3, image: 2 });
  await run.until(() => isAt(run, { version: 3, image: 2 }));
  assert.ok(run.cluster.mostUnavailable <= MAX_UNAVAILABLE);
  await run.end();
});

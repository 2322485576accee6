import type { Pod } from "../../lib/api/pod.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { FIELD_MANAGER } from "../../lib/core/field_manager.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { create, list, patch, watch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { createReflections } from "../../lib/runtime/watches.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { type ControllerProcess, startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { clientOf } from "../support/launch.ts";
import { metricsOf } from "../support/metrics.ts";
import { quietLogger } from "../support/quiet_logger.ts";
import { createSidecarSet, patchSidecarSet } from "../support/sidecarsets.ts";
import { cpuSeconds } from "./process.ts";
import { median, type Row, table } from "./table.ts";

export interface RolloutBenchOptions {
  /** A tenth of the Pods. */
  readonly quick: boolean;
}

/** As many requests at a time as the controller sends. */
const CONCURRENCY = 16;
/** Of each measurement; the table has their medians. */
const ROUNDS = 3;
/** Between two reads of the metrics. */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 200;
/** Not to be the limit. */
const WRITES_PER_SECOND = "10000";

interface Measured {
  readonly seconds: number;
  readonly requests: number;
  readonly cpuSeconds: number;
}

/**
 * Measures roll-outs of one image over many Pods on a real API server: the first one of a process, whose code is not
 * compiled yet, and a later one. They alternate with bare loops that send the same patches as the same user: alone,
 * with a watch of the Pods in their process, and with the index of the controller, which is what any controller with a
 * cache costs. Pods do not run, as the kubelet's part of a test control plane would be slower than either; one row with
 * it is there to compare.
 */
export async function benchRollout({ quick }: RolloutBenchOptions): Promise<void> {
  const rows: Row[] = [];
  for (const [pods, kubelet] of [[1_000, false], [5_000, false], [1_000, true]] as const) {
    rows.push(await measure(quick ? pods / 10 : pods, kubelet));
  }
  console.log(
    "\nRoll-out of one image, and a bare loop of the same patches; one patch for each Pod\n",
  );
  console.log(table(rows));
}

async function measure(count: number, kubelet: boolean): Promise<Row> {
  await using plane = await startControlPlane({ kubelet, nodes: 4 });
  await install(plane);
  const args = ["--writes-per-second", WRITES_PER_SECOND];
  await using controller = await startController({
    kubeconfig: plane.controllerKubeconfig,
    args,
  });
  await createSidecarSet(plane, "web", {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
    updateStrategy: { maxUnavailable: "100%" },
  });
  await createPods(plane.client, count);
  using clients = new DisposableStack();
  const client = clients.adopt(
    await clientOf(plane.controllerKubeconfig),
    (client) => client.close(),
  );
  const first: Measured[] = [];
  const later: Measured[] = [];
  const loops = { alone: [], watching: [], indexing: [] } as Record<keyof typeof WATCHES, number[]>;
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await controller.start();
    for (const into of [first, later]) {
      if (kubelet) await untilMetric(controller, { state: "ready", count });
      const image = `agent:${round}-${into === first ? "first" : "later"}`;
      into.push(await rollOut(plane, { controller, count, image }));
    }
    await controller.stop();
    for (const each of ["alone", "watching", "indexing"] as const) {
      await using _watch = await WATCHES[each](client);
      loops[each].push(await bareLoop(client, `${each}:${round}`));
    }
  }
  const perSecond = (seconds: readonly number[]) => (count / median(seconds)).toFixed(0);
  const secondsOf = (rollouts: readonly Measured[]) => rollouts.map(({ seconds }) => seconds);
  const perPod = (of: (each: Measured) => number) => median([...first, ...later].map(of)) / count;
  return {
    pods: count,
    kubelet: kubelet ? "KWOK" : "none",
    "first Pods/s": perSecond(secondsOf(first)),
    "Pods/s": perSecond(secondsOf(later)),
    "bare Pods/s": perSecond(loops.alone),
    "with a watch": perSecond(loops.watching),
    "with the index": perSecond(loops.indexing),
    share: (median(loops.alone) / median(secondsOf(later))).toFixed(2),
    "requests/Pod": perPod(({ requests }) => requests).toFixed(2),
    "CPU ms/Pod": (perPod(({ cpuSeconds }) => cpuSeconds) * 1_000).toFixed(2),
  };
}

async function createPods(client: RestClient, count: number): Promise<void> {
  const spec = { containers: [{ name: "main", image: "main:1" }] };
  const names = Array.from({ length: count }, (_, i) => `web-${i}`);
  await inParallel(names, async (name) => {
    const body: Pod = { metadata: { name, labels: { app: "web" } }, spec };
    await send(client, create(resources.pods, { namespace: "default", body }));
  });
}

async function rollOut(
  plane: ControlPlane,
  { controller, count, image }: { controller: ControllerProcess; count: number; image: string },
): Promise<Measured> {
  await untilMetric(controller, { state: "matched", count });
  const before = await usage(controller);
  const started = performance.now();
  await patchSidecarSet(plane, "web", { containers: [{ name: "agent", image }] });
  await untilMetric(controller, { state: "outdated", count: 0, after: 1 });
  const seconds = (performance.now() - started) / 1_000;
  const after = await usage(controller);
  return {
    seconds,
    requests: after.requests - before.requests,
    cpuSeconds: after.cpu - before.cpu,
  };
}

/**
 * Waits until a gauge of the SidecarSet's Pods has a value, after it has had at least another one. Each read of the
 * metrics costs the controller CPU, so it waits for half of the time that is left at the speed since the last one.
 */
async function untilMetric(
  controller: ControllerProcess,
  { state, count, after = 0 }: { state: string; count: number; after?: number },
): Promise<void> {
  let most = 0;
  let last = { left: 0, at: performance.now() };
  for (;;) {
    const values = (await metricsOf(controller)).get("sidecarset_pods") ?? new Map();
    let left = 0;
    for (const [labels, value] of values) {
      if (!labels.includes(`"${state}"`)) continue;
      most = Math.max(most, value);
      if (value === count && most >= after) return;
      left = Math.abs(value - count);
    }
    const at = performance.now();
    const speed = (last.left - left) / (at - last.at);
    last = { left, at };
    const pauseMs = speed > 0 ? Math.min(left / speed / 2, MAX_PAUSE_MS) : 0;
    await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, MIN_PAUSE_MS)));
  }
}

async function usage(controller: ControllerProcess): Promise<{ cpu: number; requests: number }> {
  const sent = (await metricsOf(controller)).get("rest_client_requests_total") ?? new Map();
  let requests = 0;
  for (const value of sent.values()) requests += value;
  return { cpu: cpuSeconds(controller.pid ?? 0), requests };
}

/**
 * The API server's own ceiling: an image and annotations of the same size for each Pod.
 *
 * @param image another one each time
 * @returns seconds
 */
async function bareLoop(client: RestClient, image: string): Promise<number> {
  const page = await send(client, list(resources.pods, { namespace: "default" }));
  const started = performance.now();
  await inParallel(page.items, async ({ metadata }) => {
    const { name = "", uid, annotations = {} } = metadata;
    const ref = {
      name,
      namespace: "default",
      fieldManager: FIELD_MANAGER,
      type: "strategic-merge",
    } as const;
    const changed = Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [key, withNextZone(value)]),
    );
    await send(
      client,
      patch(resources.pods, {
        ...ref,
        body: {
          metadata: { uid, annotations: changed },
          spec: { containers: [{ name: "agent", image }] },
        },
      }),
    );
  });
  return (performance.now() - started) / 1_000;
}

/** A record with another zone in its times, so that it is a change of the same size. */
function withNextZone(record: string): string {
  return record.replaceAll(/([YZ])"/g, (_, zone) => zone === "Z" ? 'Y"' : 'Z"');
}

/** What the process of a bare loop does besides. */
const WATCHES = {
  alone: (_client: RestClient) => Promise.resolve(new AsyncDisposableStack()),
  watching: watchPods,
  indexing: indexPods,
};

/** Reads all changes of Pods until it is disposed of. */
async function watchPods(client: RestClient): Promise<AsyncDisposable> {
  const page = await send(client, list(resources.pods, { limit: 1 }));
  const { resourceVersion } = page.metadata;
  const options = watch(resources.pods, resourceVersion ? { resourceVersion } : {});
  const reader = (await client.performRequest(options)).getReader();
  const read = async () => {
    while (!(await reader.read()).done);
  };
  const reading = read();
  return {
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      await reading;
    },
  };
}

/** Keeps an index of the cluster until it is disposed of. */
async function indexPods(client: RestClient): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const { pods, ...others } = createReflections({
    client,
    index: new ClusterIndex(),
    clock: systemClock(),
    logger: quietLogger,
    namespace: "sidecarset-system",
    problemsOf: () => [],
  });
  const start = async (
    loops: readonly { run(signal: AbortSignal): Promise<void>; isSynced(): boolean }[],
  ) => {
    const running = loops.map((loop) => loop.run(stop.signal));
    await eventually(() => loops.every((loop) => loop.isSynced()), {
      what: "the index is complete",
    });
    return running;
  };
  const running = await start(Object.values(others).map(({ loop }) => loop));
  running.push(...await start([pods.loop]));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

import { readAs } from "../../lib/api/read.ts";
import { sidecarSet } from "../../lib/api/sidecarset.ts";
import { readAllItems, type RestClient } from "../../lib/kube/contract.ts";
import { create, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { type ControllerProcess, startController } from "../support/controller_process.ts";
import { install } from "../support/installation.ts";
import { metricsOf } from "../support/metrics.ts";
import { conditionOf } from "../support/sidecarsets.ts";
import { withConstantReviews } from "./constant_reviews.ts";
import { cpuSeconds } from "./process.ts";
import { benchSidecarSet } from "./simulated_sidecarset.ts";
import { type Row, table } from "./table.ts";

/** Options of {@linkcode benchSidecarSets}. */
export interface SidecarSetsBenchOptions {
  /** A tenth of the SidecarSets. */
  readonly quick: boolean;
}

const WRITERS = 8;
const COUNT = 10_000;
/** The first objects cost an API server more. */
const WARM_UP_COUNT = 1_000;
/** Not to be the limit. */
const WRITES_PER_SECOND = "10000";
const READY_TIMEOUT_MS = 600_000;
/** Each time all SidecarSets are read, which is not to be a load. */
const READY_POLL_MS = 2_000;

/**
 * Measures the creation of SidecarSets by several writers on the same API server: alone, with both reviews but constant
 * answers and no controller, and with the program.
 */
export async function benchSidecarSets({ quick }: SidecarSetsBenchOptions): Promise<void> {
  const count = quick ? COUNT / 10 : COUNT;
  await using plane = await startControlPlane({ kubelet: false, nodes: 0 });
  await install(plane);
  await createAll(plane.client, { prefix: "warm-up", count: WARM_UP_COUNT });
  await deleteAll(plane.client);
  const alone = await createAll(plane.client, { prefix: "alone", count });
  await deleteAll(plane.client);
  const reviewed = await withConstantReviews(
    plane,
    () => createAll(plane.client, { prefix: "reviewed", count }),
  );
  await deleteAll(plane.client);
  const row = await withProgram(plane, { count, alone, reviewed });
  console.log(
    `\n${count} SidecarSets created by ${WRITERS} writers: alone, with constant reviews, with the program\n`,
  );
  console.log(table([row]));
}

async function withProgram(
  plane: ControlPlane,
  { count, alone, reviewed }: { count: number; alone: number; reviewed: number },
): Promise<Row> {
  await using controller = await startController({
    kubeconfig: plane.controllerKubeconfig,
    args: ["--writes-per-second", WRITES_PER_SECOND],
  });
  const before = await usage(controller);
  const seconds = await createAll(plane.client, { prefix: "with", count });
  const started = performance.now();
  await untilAllReady(plane.client, count);
  const settled = (performance.now() - started) / 1_000;
  const after = await usage(controller);
  return {
    SidecarSets: count,
    "alone s": alone.toFixed(1),
    "constant reviews s": reviewed.toFixed(1),
    "with s": seconds.toFixed(1),
    "constant ratio": (reviewed / alone).toFixed(2),
    ratio: (seconds / alone).toFixed(2),
    "all Ready after s": settled.toFixed(1),
    "writes each": ((after.writes - before.writes) / count).toFixed(2),
    "CPU ms each": ((after.cpu - before.cpu) * 1_000 / count).toFixed(2),
  };
}

async function deleteAll(client: RestClient): Promise<void> {
  const path = "/apis/apps.kruise.io/v1beta1/sidecarsets";
  await client.performRequest({ method: "DELETE", path, expectJson: true });
}

async function createAll(
  client: RestClient,
  { prefix, count }: { prefix: string; count: number },
): Promise<number> {
  const started = performance.now();
  let next = 0;
  const write = async () => {
    for (let i = next++; i < count; i = next++) {
      await send(
        client,
        create(resources.sidecarSets, { body: benchSidecarSet(`${prefix}-${i}`) }),
      );
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  return (performance.now() - started) / 1_000;
}

async function untilAllReady(client: RestClient, count: number): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    let ready = 0;
    // A request for a whole list of thousands may not be answered in time.
    for await (const item of readAllItems((token) => readPage(client, token))) {
      const read = readAs(sidecarSet, item);
      if (read.ok && conditionOf(read.value, "Ready")?.status === "True") ready++;
    }
    if (ready === count) return;
    if (performance.now() > deadline) {
      throw new Error(`Cannot bench: ${ready} of ${count} SidecarSets are Ready`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

function readPage(client: RestClient, token?: string) {
  const page = { limit: 500, ...(token === undefined ? {} : { continue: token }) };
  return send(client, list(resources.sidecarSets, page));
}

async function usage(controller: ControllerProcess): Promise<{ cpu: number; writes: number }> {
  const sent = (await metricsOf(controller)).get("rest_client_requests_total") ?? new Map();
  let writes = 0;
  for (const [labels, value] of sent) if (!labels.includes('"GET"')) writes += value;
  return { cpu: cpuSeconds(controller.pid ?? 0), writes };
}

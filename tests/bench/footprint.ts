import { isObject } from "../../lib/api/json.ts";
import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { jsonLines } from "../../lib/kube/body_streams.ts";
import { withController } from "./controller.ts";
import { webhookCa } from "./process.ts";
import { smallReview } from "./setup.ts";
import type { SimulatedApiInput } from "./simulated_api.ts";
import { type Row, table } from "./table.ts";

const SIZES: readonly SimulatedApiInput[] = [
  { sidecarSets: 0, pods: 0 },
  { sidecarSets: 1_000, pods: 10_000 },
  { sidecarSets: 50_000, pods: 0 },
  { sidecarSets: 50_000, pods: 0, varied: true },
  { sidecarSets: 100, pods: 100_000 },
  { sidecarSets: 50_000, pods: 100_000 },
];
/** How long after it is ready the process is measured again, in milliseconds. */
const SETTLE_MS = 10_000;

/** Measures the controller's start and memory with few and many objects, at an API server that makes them up. */
export async function benchFootprint({ quick }: { readonly quick: boolean }): Promise<void> {
  const rows: Row[] = [];
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) rows.push(await measure(size));
  console.log(
    "\nStart and memory of a controller, and admissions while all Pods are relisted\n",
  );
  console.log(table(rows));
}

function measure(size: SimulatedApiInput): Promise<Row> {
  return withController({ size }, async ({ server, webhook, readySeconds, residentMiB }) => {
    const atReady = residentMiB();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const settled = residentMiB();
    const relist = await admissionsDuringRelist({ server, webhook });
    const afterRelist = residentMiB();
    return {
      SidecarSets: size.varied ? `${size.sidecarSets}, all different` : size.sidecarSets,
      Pods: size.pods,
      "ready s": readySeconds.toFixed(2),
      "Pods parsed alone s": (await secondsToParsePods(server)).toFixed(2),
      "RSS MiB": atReady.toFixed(0),
      [`RSS MiB ${SETTLE_MS / 1_000} s later`]: settled.toFixed(0),
      ...relist,
      "RSS MiB after the relist": afterRelist.toFixed(0),
    };
  });
}

/** How long a program takes that only reads the stream of all Pods and parses each: the least for any controller. */
async function secondsToParsePods(server: string): Promise<number> {
  const began = performance.now();
  const query = "watch=true&sendInitialEvents=true&timeoutSeconds=60";
  const { body } = await fetch(`${server}/api/v1/pods?${query}`);
  if (body === null) throw new Error("Cannot bench: the list of Pods has no body");
  for await (const event of jsonLines(body)) {
    if (isObject(event) && event.type === "BOOKMARK") break;
  }
  return (performance.now() - began) / 1_000;
}

/** Sends reviews one after another for as long as a list of 100,000 Pods takes. */
async function admissionsDuringRelist(
  { server, webhook }: { server: string; webhook: number },
): Promise<Row> {
  const ca = await webhookCa(server);
  using client = Deno.createHttpClient({ caCerts: [ca], http2: false });
  const body = smallReview();
  const review = async () => {
    const began = performance.now();
    const response = await fetch(`https://127.0.0.1:${webhook}${PATHS.mutatePod}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      client,
    });
    await response.text();
    if (!response.ok) throw new Error(`Cannot bench: a review was answered ${response.status}`);
    return performance.now() - began;
  };
  for (let i = 0; i < 200; i++) await review();
  await (await fetch(`${server}/bench/relist`)).text();
  const times: number[] = [];
  const end = performance.now() + 15_000;
  while (performance.now() < end) {
    times.push(await review());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  return { "p50 ms": at(0.5), "p99 ms": at(0.99), "max ms": at(0.9999) };
}

import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { freePorts } from "../support/free_port.ts";
import { benchKubeconfig, residentMiB, startProgram, untilReady, webhookCa } from "./process.ts";
import { smallReview } from "./setup.ts";
import type { SimulatedApiInput, SimulatedApiReport } from "./simulated_api.ts";
import { type Row, table } from "./table.ts";

const SIZES: readonly SimulatedApiInput[] = [
  { sidecarSets: 0, pods: 0 },
  { sidecarSets: 1_000, pods: 10_000 },
  { sidecarSets: 50_000, pods: 0 },
  { sidecarSets: 100, pods: 100_000 },
  { sidecarSets: 50_000, pods: 100_000 },
];
/** How long after it is ready the process is measured again, in milliseconds. */
const SETTLE = 10_000;

/** Measures the controller's start and memory with few and many objects, at an API server that makes them up. */
export async function benchFootprint({ quick }: { readonly quick: boolean }): Promise<void> {
  const rows: Row[] = [];
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) rows.push(await measure(size));
  console.log(
    "\nStart and memory of a controller, and admissions while all Pods are relisted\n",
  );
  console.log(table(rows));
}

async function measure(size: SimulatedApiInput): Promise<Row> {
  const api = startProgram<SimulatedApiReport>("simulated_api.ts", size);
  const folder = await Deno.makeTempDir();
  try {
    const { port } = await api.next();
    const server = `http://127.0.0.1:${port}`;
    const kubeconfig = `${folder}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, benchKubeconfig(server));
    return await measureController({ size, server, kubeconfig });
  } finally {
    await api.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureController(
  { size, server, kubeconfig }: { size: SimulatedApiInput; server: string; kubeconfig: string },
): Promise<Row> {
  const [webhook = 0, health = 0] = freePorts(2);
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", "-P", "main.ts", "controller"].concat(
      ["--kubeconfig", kubeconfig, "--webhook-url", `https://127.0.0.1:${webhook}/`],
      ["--keep-registration", "--webhook-port", `${webhook}`, "--health-port", `${health}`],
      ["--webhook-host", "127.0.0.1", "--health-host", "127.0.0.1", "--log-level", "error"],
    ),
    cwd: new URL("../../", import.meta.url),
    env: {
      DENO_V8_FLAGS: "--max-old-space-size=384,--max-semi-space-size=4,--heap-growing-percent=30",
    },
    stdin: "null",
  }).spawn();
  let ended = false;
  try {
    void child.status.then(() => ended = true);
    await untilReady(`http://127.0.0.1:${health}/readyz`, () => ended);
    const ready = performance.now() - started;
    const atReady = residentMiB(child.pid);
    await new Promise((resolve) => setTimeout(resolve, SETTLE));
    const settled = residentMiB(child.pid);
    const relist = await admissionsDuringRelist({ server, webhook });
    return {
      SidecarSets: size.sidecarSets,
      Pods: size.pods,
      "ready s": (ready / 1_000).toFixed(2),
      "RSS MiB": atReady.toFixed(0),
      [`RSS MiB ${SETTLE / 1_000} s later`]: settled.toFixed(0),
      ...relist,
      "RSS MiB after the relist": residentMiB(child.pid).toFixed(0),
    };
  } finally {
    if (!ended) child.kill("SIGKILL");
    await child.status;
  }
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

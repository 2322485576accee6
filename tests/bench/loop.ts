import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { GROUP, PLURAL, STORAGE_VERSION } from "../../lib/api/names.ts";
import { freePorts } from "../support/free_port.ts";
import { connectH2 } from "./h2_client.ts";
import type { LoopControllerInput, LoopControllerReport, LoopDelays } from "./loop_controller.ts";
import {
  benchKubeconfig,
  deploymentTuning,
  startProgram,
  untilReady,
  webhookCa,
} from "./process.ts";
import { smallReview } from "./setup.ts";
import type { SimulatedApiInput, SimulatedApiReport, SimulatedEvents } from "./simulated_api.ts";
import { simulatedSidecarSet, simulatedUid } from "./simulated_sidecarset.ts";
import { type Row, table } from "./table.ts";

const SIDECAR_SETS = `/apis/${GROUP}/${STORAGE_VERSION}/${PLURAL}`;
const NAMESPACES = "/api/v1/namespaces";
/** SidecarSets per batch of events, and the pause after it: about a thousand a second. */
const BATCH = 25;
const BATCH_PAUSE_MS = 25;
/** Between two admissions. */
const PAUSE_MS = 2;
const MIB = 1024 * 1024;

interface Scene {
  /** Changes objects and sends them to the watches. */
  send(events: SimulatedEvents): Promise<void>;
  /** The simulated API server's URL. */
  readonly server: string;
}

interface Situation {
  readonly name: string;
  /** For how long the event loop is observed. */
  readonly seconds: number;
  start(scene: Scene): Promise<void>;
}

/**
 * Measures the longest task of a controller's event loop, and the admissions that it answers meanwhile, in situations
 * that concern many objects.
 */
export async function benchLoop({ quick }: { readonly quick: boolean }): Promise<void> {
  const scale = quick ? 10 : 1;
  const seconds = quick ? 4 : 15;
  const pods = { pods: 150_000 / scale, sidecarSets: 3, grouped: 10_000 / scale, recorded: true };
  const selectors = { pods: 0, sidecarSets: 50_000 / scale };
  const rows = [
    ...await measure(pods, podSituations(scale, seconds)),
    ...await measure(selectors, registrationSituations(seconds)),
  ];
  console.log("\nThe event loop, and admissions one at a time meanwhile; all times in ms\n");
  console.log(table(rows));
}

function podSituations(scale: number, seconds: number): Situation[] {
  const number = (count: number) => (count / scale).toLocaleString("en");
  return [
    { name: "start, after readiness", seconds, start: () => Promise.resolve() },
    {
      name: `relist of ${number(150_000)} Pods`,
      seconds,
      start: async ({ server }) => void await (await fetch(`${server}/bench/relist`)).text(),
    },
    {
      name: `a new image, ${number(50_000)} Pods outdated`,
      seconds,
      start: ({ send }) => send(changed(0, { image: "registry.example/agent:2.0.0" })),
    },
    {
      name: `a changed variable, ${number(50_000)} Pods to evict`,
      seconds,
      start: ({ send }) => send(changed(1, { env: [{ name: "LEVEL", value: "debug" }] })),
    },
    {
      name: "a namespace selected by its label",
      seconds: 3,
      start: ({ send }) =>
        send(changed(2, {}, {
          selector: { matchLabels: { app: "none" } },
          namespaceSelector: { matchLabels: { sidecars: "on" } },
        })),
    },
    {
      name: `relabelling a namespace of ${number(10_000)} Pods`,
      seconds,
      start: ({ send }) =>
        send({
          path: NAMESPACES,
          objects: [{
            metadata: {
              name: "group",
              labels: { "kubernetes.io/metadata.name": "group", sidecars: "on" },
            },
          }],
        }),
    },
    {
      name: `a selector widened over ${number(150_000)} Pods`,
      seconds,
      start: ({ send }) =>
        send(
          changed(2, {}, { selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } }),
        ),
    },
    {
      name: `${number(10_000)} SidecarSets created, with these Pods`,
      seconds: seconds + 10_000 / scale / 1_000,
      start: (scene) => create(scene, 10_000 / scale),
    },
    {
      name: "a SidecarSet of 1 MiB",
      seconds,
      start: ({ send }) => {
        const value = "x".repeat(1_000);
        const env = Array.from({ length: MIB / 1_100 }, (_, i) => ({ name: `V${i}`, value }));
        return send(changed(2, { env }, { selector: { matchLabels: { app: "none" } } }));
      },
    },
  ];
}

function registrationSituations(seconds: number): Situation[] {
  return [
    { name: "start with the selectors, after readiness", seconds, start: () => Promise.resolve() },
    {
      name: "a registration of these selectors planned",
      seconds,
      start: ({ send }) => send(changed(7, {}, { selector: { matchLabels: { app: "other" } } })),
    },
  ];
}

/** A listed SidecarSet with other fields in its container and its spec. */
function changed(index: number, container: object, spec: object = {}): SimulatedEvents {
  return { path: SIDECAR_SETS, objects: [sidecarSet(`sidecarset-${index}`, { container, spec })] };
}

let generation = 1;

function sidecarSet(name: string, { container, spec }: { container: object; spec: object }) {
  const index = Number(name.slice(name.lastIndexOf("-") + 1));
  const uid = simulatedUid(name.startsWith("sidecarset-") ? "10000000" : "20000000", index);
  // The plan is made for all Pods, and updates none: the simulated API server has no Pods to write to.
  const updateStrategy = { type: "RollingUpdate", partition: "100%", recreatePolicy: "Evict" };
  return simulatedSidecarSet(index, {
    metadata: { name, uid, generation: ++generation },
    container,
    spec: { updateStrategy, ...spec },
  });
}

async function create({ send }: Scene, count: number): Promise<void> {
  for (let first = 0; first < count; first += BATCH) {
    const objects = Array.from(
      { length: BATCH },
      (_, i) =>
        sidecarSet(`new-${first + i}`, {
          container: { name: `agent-${first + i}` },
          spec: { selector: { matchLabels: { app: `new-${first + i}` } } },
        }),
    );
    await send({ path: SIDECAR_SETS, objects });
    await sleep(BATCH_PAUSE_MS);
  }
}

async function measure(size: SimulatedApiInput, situations: readonly Situation[]): Promise<Row[]> {
  const api = startProgram<SimulatedApiReport>("simulated_api.ts", size);
  const folder = await Deno.makeTempDir();
  const [webhookPort = 0, healthPort = 0] = freePorts(2);
  try {
    const server = `http://127.0.0.1:${(await api.next()).port}`;
    const kubeconfig = `${folder}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, benchKubeconfig(server));
    const input: LoopControllerInput = { kubeconfig, webhookPort, healthPort };
    const controller = startProgram<LoopControllerReport>(
      "loop_controller.ts",
      input,
      deploymentTuning(),
    );
    try {
      const { port } = await controller.next();
      await untilReady(`http://127.0.0.1:${healthPort}/readyz`, () => false);
      const target = { port: webhookPort, path: PATHS.mutatePod, ca: await webhookCa(server) };
      const client = await connectH2(target);
      const rows: Row[] = [];
      for (const situation of situations) {
        rows.push(await observe(situation, { server, control: port, post: client.post }));
      }
      client.close();
      return rows;
    } finally {
      await controller.stop();
    }
  } finally {
    await api.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

interface Observed {
  readonly server: string;
  /** Port that reports the delays of the event loop. */
  readonly control: number;
  post(body: Uint8Array): Promise<number>;
}

async function observe(
  { name, seconds, start }: Situation,
  { server, control, post }: Observed,
): Promise<Row> {
  const body = new TextEncoder().encode(smallReview());
  const delays = async (): Promise<LoopDelays> =>
    await (await fetch(`http://127.0.0.1:${control}`)).json();
  await delays();
  const send = async (events: SimulatedEvents) => {
    const request = { method: "POST", body: JSON.stringify(events) };
    await (await fetch(`${server}/bench/events`, request)).text();
  };
  const started = start({ server, send });
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const began = performance.now();
    const status = await post(body);
    if (status !== 200) throw new Error(`Cannot bench: a review was answered ${status}`);
    times.push(performance.now() - began);
    await sleep(PAUSE_MS);
  }
  await started;
  const { longest, p99, waited } = await delays();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? 0;
  return {
    situation: name,
    "longest task": longest.toFixed(1),
    "task p99": p99.toFixed(1),
    "wait for a core": waited.toFixed(1),
    admissions: times.length,
    "p50": at(0.5).toFixed(1),
    "p99": at(0.99).toFixed(1),
    worst: at(1).toFixed(1),
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

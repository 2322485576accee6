import { readConfig } from "../../lib/runtime/config.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { run } from "../../lib/runtime/run.ts";
import { warningLogger } from "./setup.ts";

/** A controller whose event loop is measured from the inside; run by `startProgram`. */
export interface LoopControllerInput {
  readonly kubeconfig: string;
  readonly webhookPort: number;
  readonly healthPort: number;
}

/** First line of the program. */
export interface LoopControllerReport {
  /** `GET` answers with {@linkcode LoopDelays} since the last one. */
  readonly port: number;
}

/** How long the event loop took from one turn to the next, without the pause in between, in milliseconds. */
export interface LoopDelays {
  /** Without the time in which the thread waited for a core, because other threads and processes had all of them. */
  readonly longest: number;
  readonly p99: number;
  /** The longest wait for a core. */
  readonly waited: number;
}

const INTERVAL_MS = 1;

const input: LoopControllerInput = JSON.parse(await new Response(Deno.stdin.readable).text());
let tasks: number[] = [];
let longestWait = 0;
const scheduling = Deno.openSync(`/proc/self/task/${Deno.pid}/schedstat`);
let waited = timeWaited();
let due = performance.now() + INTERVAL_MS;
setInterval(() => {
  const now = performance.now();
  const waitedNow = timeWaited();
  const wait = waitedNow - waited;
  tasks.push(Math.max(0, now - due - wait));
  longestWait = Math.max(longestWait, wait);
  waited = waitedNow;
  due = now + INTERVAL_MS;
}, INTERVAL_MS);

/** How long the main thread has waited for a core so far, in milliseconds: the second number of Linux's `schedstat`. */
function timeWaited(): number {
  scheduling.seekSync(0, Deno.SeekMode.Start);
  const bytes = new Uint8Array(100);
  const text = new TextDecoder().decode(bytes.subarray(0, scheduling.readSync(bytes) ?? 0));
  return Number(text.split(" ")[1]) / 1e6;
}

const control = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  const sorted = tasks.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  const measured: LoopDelays = { longest: at(1), p99: at(0.99), waited: longestWait };
  tasks = [];
  longestWait = 0;
  return Response.json(measured);
});
console.log(JSON.stringify({ port: control.addr.port } satisfies LoopControllerReport));

const { kubeconfig, webhookPort, healthPort } = input;
await run({
  config: readConfig({
    flags: {
      kubeconfig,
      "webhook-url": `https://127.0.0.1:${webhookPort}/`,
      "webhook-port": webhookPort,
      "health-port": healthPort,
      "webhook-host": "127.0.0.1",
      "health-host": "127.0.0.1",
      "keep-registration": true,
    },
    env: () => undefined,
    terminal: false,
  }),
  version: "0.0.0",
  clock: systemClock(),
  logger: warningLogger(),
  signal: new AbortController().signal,
});

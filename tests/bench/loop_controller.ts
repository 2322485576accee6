import process from "node:process";
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
  readonly longest: number;
  readonly p99: number;
  /** CPU time of the turn with most of it, which other processes do not prolong. */
  readonly cpu: number;
}

const INTERVAL_MS = 1;

const input: LoopControllerInput = JSON.parse(await new Response(Deno.stdin.readable).text());
let delays: number[] = [];
let longestCpu = 0;
let cpu = cpuTime();
let due = performance.now() + INTERVAL_MS;
setInterval(() => {
  const now = performance.now();
  delays.push(Math.max(0, now - due));
  const cpuNow = cpuTime();
  longestCpu = Math.max(longestCpu, cpuNow - cpu);
  cpu = cpuNow;
  due = now + INTERVAL_MS;
}, INTERVAL_MS);

/** CPU time of this process in milliseconds; the garbage collector's threads count, too. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const control = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  const sorted = delays.toSorted((a, b) => a - b);
  const longest = longestCpu;
  delays = [];
  longestCpu = 0;
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return Response.json({ longest: at(1), p99: at(0.99), cpu: longest } satisfies LoopDelays);
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

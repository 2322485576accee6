import { createGuard } from "../../lib/cli/dashboard/guard.ts";
import { createHandler } from "../../lib/cli/dashboard/server.ts";
import { createTerminal, processTerminal } from "../../lib/cli/terminal/terminal.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { TestBrowser } from "../support/browser.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";
import { RecordingClient } from "../support/recording_client.ts";
import { table } from "./table.ts";

const SIDECAR_SETS = 1_000;
const PODS = 20_000;
const WORKLOAD_PODS = 50;
const UPDATES = 20;
const PODS_AN_UPDATE = 500;
const UPDATE_INTERVAL_MS = 250;

const image = (name: string, version: number) =>
  sidecarSetOf({
    name,
    resourceVersion: `${version}`,
    spec: {
      selector: { matchLabels: { app: name } },
      containers: [{ name: "agent", image: `agent:${version}` }],
    },
  });

function ownedPod(number: number, injected: PreparedSidecarSet, resourceVersion: number) {
  const workload = `web-${Math.floor(number / WORKLOAD_PODS)}`;
  const pod = podOf({
    name: `${workload}-${number}`,
    labels: { app: "set-0" },
    resourceVersion: `${resourceVersion}`,
    injected: [injected],
  });
  const owner = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    name: workload,
    uid: workload,
    controller: true,
  };
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
}

function filledIndex(): ClusterIndex {
  const index = new ClusterIndex();
  index.applyNamespace({ metadata: { name: "default" } });
  for (let number = 0; number < SIDECAR_SETS; number++) {
    index.applySidecarSet(image(`set-${number}`, 1));
  }
  const injected = image("set-0", 1);
  for (let number = 0; number < PODS; number++) index.applyPod(ownedPod(number, injected, 1));
  index.applySidecarSet(image("set-0", 2));
  return index;
}

/**
 * Shows 1,000 SidecarSets and 20,000 Pods of one of them in Chromium while a roll-out moves, and prints the times until
 * they are shown, and the durations of frames.
 */
export async function benchDashboard(): Promise<void> {
  const index = filledIndex();
  const ended = new AbortController();
  let version = 0;
  index.changes.subscribe(() => version++);
  const guard = createGuard(() => server.addr.port);
  const handler = createHandler({
    guard,
    view: { index, version: () => version, problems: () => [], run: () => Promise.resolve() },
    clock: systemClock(),
    clusterName: "bench",
    isReadOnly: true,
    signal: ended.signal,
    context: {
      terminal: createTerminal(processTerminal()),
      connection: {
        client: new RecordingClient(() => ({ httpCode: 404 })),
        namespace: "default",
        now: () => new Date(),
      },
      options: { systemNamespace: "sidecarset-system", excludeNamespaces: [] },
    },
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  const address = `http://127.0.0.1:${server.addr.port}`;
  await using browser = await TestBrowser.launch();
  const { page } = await browser.open(`${address}${guard.entrance}`);
  const shown = async (hash: string, selector: string, count: number) => {
    const started = performance.now();
    await page.goto(`${address}/${hash}`);
    await page.waitForFunction(
      `document.querySelectorAll(${JSON.stringify(selector)}).length >= ${count}`,
      { timeout: 60_000, polling: 20 },
    );
    return performance.now() - started;
  };
  await page.goto("about:blank");
  const overview = await shown("", ".overview .row", SIDECAR_SETS);
  await page.goto("about:blank");
  const grid = await shown("#/sidecarsets/set-0", ".cell", PODS);
  const frames = "globalThis.frames=[];let last=performance.now();" +
    "const next=(now)=>{frames.push(now-last);last=now;requestAnimationFrame(next)};requestAnimationFrame(next)";
  await page.evaluate(frames);
  const updated = image("set-0", 2);
  for (let update = 0; update < UPDATES; update++) {
    for (let number = 0; number < PODS_AN_UPDATE; number++) {
      index.applyPod(ownedPod(update * PODS_AN_UPDATE + number, updated, 2));
    }
    await new Promise((resolve) => setTimeout(resolve, UPDATE_INTERVAL_MS));
  }
  await page.waitForFunction(
    `document.querySelectorAll(".cell.is-updated").length === ${UPDATES * PODS_AN_UPDATE}`,
    { timeout: 60_000 },
  );
  const durations: unknown = await page.evaluate("frames");
  const sorted = Array.isArray(durations) ? durations.map(Number).sort((a, b) => a - b) : [];
  const ms = (value: number) => Number(value.toFixed(0));
  const at = (share: number) => ms(sorted[Math.floor(sorted.length * share)] ?? NaN);
  const changes = PODS_AN_UPDATE * 1_000 / UPDATE_INTERVAL_MS;
  console.log(table([
    { what: `${SIDECAR_SETS} SidecarSets shown after`, "time (ms)": ms(overview) },
    { what: `${PODS} Pods shown after`, "time (ms)": ms(grid) },
    { what: `frame while ${changes} Pods a second change, p50`, "time (ms)": at(0.5) },
    { what: "the same, p95", "time (ms)": at(0.95) },
    { what: "the same, longest", "time (ms)": at(0.999) },
  ]));
  ended.abort();
  await page.close();
  await server.shutdown();
}

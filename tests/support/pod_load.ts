import assert from "node:assert/strict";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";
import { ownRefusals } from "./refusals.ts";

export interface PodLoad {
  /** Pods that were stored. */
  readonly created: number;
  /** Pods that were stored without the sidecar. */
  readonly uninjected: number;
  /** What the API server said to those that were not stored. */
  readonly refusals: readonly string[];
}

export interface PodLoadOptions {
  readonly labels: Record<string, string>;
  /** Name of the container that every Pod should get. */
  readonly sidecar: string;
  readonly inFlight: number;
  /** Prefix of the Pods' names. */
  readonly name: string;
  /** Ends the load. @default never */
  readonly signal?: AbortSignal;
  /** Begins no more Pods than these. @default {Infinity} */
  readonly atMost?: number;
  /** Asked from time to time whether this number of Pods is enough. @default never */
  readonly isEnough?: (created: number) => boolean;
  /** Milliseconds between two Pods of a lane. @default {0} */
  readonly pause?: number;
  /** Called with the milliseconds that each creation took. */
  readonly onCreated?: (milliseconds: number) => void;
}

/** After how many Pods it is asked whether they are enough. */
const ASK_EVERY = 100;

/** Creates Pods one after another in several lanes until one of the limits is reached. */
export async function createPods(plane: ControlPlane, options: PodLoadOptions): Promise<PodLoad> {
  const { labels, sidecar, inFlight, name, signal, atMost = Infinity, pause = 0 } = options;
  const { isEnough = () => false, onCreated } = options;
  const refusals: string[] = [];
  let begun = 0;
  let created = 0;
  let uninjected = 0;
  let enough = false;
  async function lane(): Promise<void> {
    while (!signal?.aborted && !enough && begun < atMost) {
      const body = {
        metadata: { name: `${name}-${begun++}`, labels },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      };
      const start = performance.now();
      try {
        const pod = await send(
          plane.client,
          create(resources.pods, { namespace: "default", body }),
        );
        onCreated?.(performance.now() - start);
        created++;
        if (created % ASK_EVERY === 0) enough ||= isEnough(created);
        if (!pod.spec.containers.some((container) => container.name === sidecar)) uninjected++;
      } catch (error) {
        refusals.push(error instanceof Error ? error.message : String(error));
      }
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { created, uninjected, refusals };
}

/** The median and the 99th percentile of latencies in milliseconds, for the output of a test. */
export function latencyText(latencies: readonly number[]): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

/** Creates Pods for as long as the work takes, of which none may be refused or go without the sidecar `agent`. */
export async function refuseNone(
  plane: ControlPlane,
  name: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const end = new AbortController();
  const load = createPods(plane, {
    labels: { app: "web" },
    sidecar: "agent",
    inFlight: 4,
    name,
    signal: end.signal,
  });
  await work().finally(() => end.abort());
  const { created, uninjected, refusals } = await load;
  console.log(`${created} Pods: ${name}`);
  const own = await ownRefusals(refusals);
  assert.deepEqual({ uninjected, own }, { uninjected: 0, own: [] });
  assert.ok(created > 0);
}

import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/send.ts";
import type { ControlPlane } from "./control_plane.ts";

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
  /** Begins no more Pods. */
  readonly signal: AbortSignal;
  /** Begins no more Pods than these. */
  readonly atMost?: number;
}

/** Creates Pods one after another in several lanes until the signal is aborted. */
export async function createPods(plane: ControlPlane, options: PodLoadOptions): Promise<PodLoad> {
  const { labels, sidecar, inFlight, name, signal, atMost = Infinity } = options;
  const refusals: string[] = [];
  let begun = 0;
  let created = 0;
  let uninjected = 0;
  async function lane(): Promise<void> {
    while (!signal.aborted && begun < atMost) {
      const body = {
        metadata: { name: `${name}-${begun++}`, labels },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      };
      try {
        const pod = await send(
          plane.client,
          create(resources.pods, { namespace: "default", body }),
        );
        created++;
        if (!pod.spec.containers.some((container) => container.name === sidecar)) uninjected++;
      } catch (error) {
        refusals.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { created, uninjected, refusals };
}

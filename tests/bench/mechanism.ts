import type { KubeObject } from "../../lib/api/objects.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import { conditionOf, untilSidecarSet } from "../support/sidecarsets.ts";
import { type Row, table } from "./table.ts";

const NUMBERS = [1, 10, 100];
const CREATORS = [1, 20];
const MECHANISMS = ["none", "Webhook", "Policy"] as const;
type Mechanism = typeof MECHANISMS[number];

/** All wait for the same controller, on a machine that does other things. */
const READY_TIMEOUT_MS = 300_000;
/** Not measured, at the start of each turn. */
const WARM_UP_MS = 300;

/**
 * Measures the creation of a Pod on a real API server: one that no SidecarSet selects, one that the webhook
 * injects, and one that the API server injects by the policy. As many SidecarSets of either mechanism exist, of
 * which one matches.
 */
export async function benchMechanism({ quick }: { quick: boolean }): Promise<void> {
  const { rounds, turnMs } = quick ? { rounds: 1, turnMs: 1_500 } : { rounds: 5, turnMs: 3_000 };
  await using plane = await startControlPlane({ kubelet: false });
  await using _controller = await installAndStart(plane, { args: ["--keep-registration"] });
  const rows: Row[] = [];
  let begun = 0;
  for (const number of NUMBERS) {
    await createUpTo(plane, { from: begun, to: number });
    begun = number;
    for (const creators of CREATORS) {
      const times = new Map<Mechanism, number[]>(MECHANISMS.map((each) => [each, []]));
      // Each mechanism has its turn in every round: what else goes on in the machine then meets all of them.
      for (let round = 0; round < rounds; round++) {
        for (const mechanism of MECHANISMS) {
          times.get(mechanism)?.push(...await createFor(plane, { mechanism, creators, turnMs }));
        }
      }
      for (const mechanism of MECHANISMS) {
        const sorted = (times.get(mechanism) ?? []).toSorted((a, b) => a - b);
        rows.push({
          "SidecarSets": number,
          creators,
          mechanism,
          "p50 ms": quantile(sorted, 0.5),
          "p99 ms": quantile(sorted, 0.99),
          "Pods a second": Math.round(sorted.length * 1_000 / (rounds * turnMs)),
        });
      }
    }
  }
  console.log("\nCreating a Pod on a real API server, by what injects it\n");
  console.log(table(rows));
}

/** SidecarSets of both mechanisms; the first of each matches the Pods. */
async function createUpTo(
  plane: ControlPlane,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const names: string[] = [];
  for (let i = from; i < to; i++) {
    for (const mechanism of ["Webhook", "Policy"] as const) {
      const name = `${mechanism.toLowerCase()}-${i}`;
      const spec: SidecarSetSpec = {
        selector: { matchLabels: { app: name } },
        containers: [{
          name: `agent-${name}`,
          image: "agent:1",
          env: [{ name: "A", value: "a" }],
          resources: { requests: { cpu: "10m" } },
        }],
        injectionStrategy: { mechanism },
      };
      const body: KubeObject & { spec: SidecarSetSpec } = { metadata: { name }, spec };
      await send(plane.client, create(resources.sidecarSets, { body }));
      names.push(name);
    }
  }
  for (const name of names) {
    await untilSidecarSet(plane, name, {
      what: "is ready",
      is: (found) => conditionOf(found, "Ready")?.status === "True",
      timeout: READY_TIMEOUT_MS,
    });
  }
}

interface Turn {
  readonly mechanism: Mechanism;
  readonly creators: number;
  readonly turnMs: number;
}

/** Milliseconds of each creation after the warm-up. */
async function createFor(
  { client }: ControlPlane,
  { mechanism, creators, turnMs }: Turn,
): Promise<number[]> {
  const times: number[] = [];
  const app = `${mechanism.toLowerCase()}-0`;
  const begun = performance.now();
  const creator = async () => {
    for (;;) {
      const started = performance.now();
      if (started - begun > WARM_UP_MS + turnMs) return;
      const body = {
        metadata: { name: `${app}-${crypto.randomUUID()}`, labels: { app } },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      };
      const { spec } = await send(client, create(resources.pods, { namespace: "default", body }));
      const expected = mechanism === "none" ? 1 : 2;
      if (spec.containers.length !== expected) {
        throw new Error(`A Pod of ${app} is not as expected`);
      }
      if (started - begun >= WARM_UP_MS) times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: creators }, creator));
  return times;
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
}

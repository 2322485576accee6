import { INSTALLATION } from "../../api/names.ts";
import type { Lease } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { inOneLine } from "../../core/printable.ts";
import { resources } from "../../kube/resources.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { counted } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** How long the controller may take to end, in milliseconds: more than its Pods' grace period. */
const DEADLINE = 60_000;
const INTERVAL = 500;

export interface EndingOptions {
  /** The controller's own. */
  readonly namespace: string;
  readonly terminal: Terminal;
  /** The time by the API server's clock. */
  now(): Date;
  /** Done again and again, and once more at the end. */
  atEachLook(): Promise<void>;
}

/**
 * Waits until no controller runs: its Pods are gone, and none that runs elsewhere holds the Lease.
 *
 * @returns `ended`, `interrupted`, or what still runs at the deadline.
 */
export async function untilEnded(
  client: RestClient,
  { namespace, terminal, now, atEachLook }: EndingOptions,
): Promise<string> {
  const deadline = terminal.now().getTime() + DEADLINE;
  let isTold = false;
  return await terminal.interruptible(async (signal) => {
    for (;;) {
      const running = await whatRuns(client, { namespace, now });
      await atEachLook();
      if (running === undefined) return "ended";
      if (terminal.now().getTime() >= deadline) return running;
      if (!isTold) terminal.error(`Waiting for up to ${DEADLINE / 1_000} s: ${running}\n`);
      isTold = true;
      await terminal.sleep(INTERVAL, signal);
      if (signal.aborted) return "interrupted";
    }
  });
}

async function whatRuns(
  client: RestClient,
  { namespace, now }: Pick<EndingOptions, "namespace" | "now">,
): Promise<string | undefined> {
  const labelSelector = `app.kubernetes.io/name=${INSTALLATION}`;
  const [pods, lease] = await Promise.all([
    readAll(client, resources.pods, { namespace, labelSelector }),
    readIfPresent(client, resources.leases, { namespace, name: INSTALLATION }),
  ]);
  if (pods.length > 0) {
    return `the controller still has ${counted(pods.length, "Pod")} in namespace ${namespace}`;
  }
  const holder = lease && holderOf(lease, now());
  return holder &&
    `controller ${inOneLine(holder)} is still running outside namespace ${namespace}`;
}

/** Who has renewed a Lease in time. */
function holderOf({ spec = {} }: Lease, now: Date): string | undefined {
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 15 } = spec;
  const age = now.getTime() - Date.parse(renewTime);
  return holderIdentity !== "" && age <= leaseDurationSeconds * 1_000 ? holderIdentity : undefined;
}

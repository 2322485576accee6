import { INSTALLATION } from "../../api/names.ts";
import type { Lease } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { inOneLine } from "../../core/printable.ts";
import { resources } from "../../kube/resources.ts";
import { readAll, readIfPresent } from "../cluster/reading.ts";
import { counted } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Timeout for the controller's termination: longer than its Pods' grace period. */
const TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 500;

interface EndingOptions {
  /** Namespace of the controller. */
  readonly namespace: string;
  readonly terminal: Terminal;
  /** Current time by the API server's clock. */
  now(): Date;
  /** Called at every poll, including the last one. */
  onPoll(): Promise<void>;
}

/**
 * Waits until no controller is running: its Pods are deleted, and no other process holds the Lease.
 *
 * @returns `ended`, `interrupted`, or a description of what is still running at the timeout.
 */
export async function untilEnded(
  client: RestClient,
  { namespace, terminal, now, onPoll }: EndingOptions,
): Promise<string> {
  const deadline = terminal.now().getTime() + TIMEOUT_MS;
  let isReported = false;
  return await terminal.interruptible(async (signal) => {
    for (;;) {
      const running = await whatRuns(client, { namespace, now });
      await onPoll();
      if (running === undefined) return "ended";
      if (terminal.now().getTime() >= deadline) return running;
      if (!isReported) terminal.error(`Waiting for up to ${TIMEOUT_MS / 1_000} s: ${running}\n`);
      isReported = true;
      await terminal.sleep(POLL_INTERVAL_MS, signal);
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

/** The holder of a Lease that has not expired. */
function holderOf({ spec = {} }: Lease, now: Date): string | undefined {
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 15 } = spec;
  const age = now.getTime() - Date.parse(renewTime);
  return holderIdentity !== "" && age <= leaseDurationSeconds * 1_000 ? holderIdentity : undefined;
}

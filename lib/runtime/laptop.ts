import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { LeaseStore } from "../controller/leader/election.ts";
import type { RestClient } from "../kube/contract.ts";
import { isAlreadyExists, isNotFound } from "../kube/errors.ts";
import { create, get } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";

export interface SoleControllerOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** How often a Lease that somebody holds is looked at, in milliseconds. */
const LOOK_AGAIN = 1_000;

/**
 * Makes sure that no other controller works on the cluster: one outside of it would take the webhook's registration away from the other.
 * A Lease whose holder is gone is waited for.
 *
 * @throws {Error} that names the holder, if the Lease is being renewed
 */
export async function requireNoOtherController(
  { store, clock, logger, signal }: SoleControllerOptions,
): Promise<void> {
  const first = await store.get(signal);
  const { holderIdentity = "", leaseDurationSeconds = 15, renewTime = "" } = first?.spec ?? {};
  if (holderIdentity === "") return;
  const until = clock.monotonic() + leaseDurationSeconds * 1_000;
  // The holder's clock may be another one: that the Lease changes is the proof.
  logger.info("Waiting to see whether the holder of the Lease is still there", {
    holder: holderIdentity,
    renewed: renewTime,
  });
  while (clock.monotonic() < until && !signal.aborted) {
    await clock.sleep(LOOK_AGAIN, signal);
    const lease = await store.get(signal);
    const holder = lease?.spec?.holderIdentity ?? "";
    if (holder === "") return;
    if (lease?.metadata.resourceVersion === first?.metadata.resourceVersion) continue;
    throw new Error(
      `Cannot run beside another controller: ${holder} holds the Lease and has just renewed it; ` +
        "end that controller first, or work on another cluster",
    );
  }
}

/** Makes the namespace of the controller's own objects where nothing is installed. */
export async function ensureNamespace(
  client: RestClient,
  { namespace, signal }: { namespace: string; signal: AbortSignal },
): Promise<void> {
  try {
    await send(client, get(resources.namespaces, { name: namespace }), signal);
    return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    const body = { metadata: { name: namespace } };
    await send(client, create(resources.namespaces, { body }), signal);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

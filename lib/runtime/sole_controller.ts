import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { LeaseStore } from "../controller/leader/lease_store.ts";
import type { RestClient } from "../kube/contract.ts";
import { isAlreadyExists, isNotFound } from "../kube/errors.ts";
import { create, get } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/response.ts";

interface SoleControllerOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const POLL_INTERVAL_MS = 1_000;

/**
 * Checks that no other controller runs on the cluster: both would overwrite the webhook registration. Waits until a
 * Lease without a live holder expires.
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
  // The holder's clock may differ, so only a change of the Lease proves that it is alive.
  logger.info("Waiting for the holder of the Lease to renew it or to let it expire", {
    holder: holderIdentity,
    renewed: renewTime,
  });
  while (clock.monotonic() < until && !signal.aborted) {
    await clock.sleep(POLL_INTERVAL_MS, signal);
    const lease = await store.get(signal);
    const holder = lease?.spec?.holderIdentity ?? "";
    if (holder === "") return;
    if (lease?.metadata.resourceVersion === first?.metadata.resourceVersion) continue;
    throw new Error(
      `Cannot run next to another controller: ${holder} holds the Lease and has just renewed it; ` +
        "end that controller first, or work on another cluster",
    );
  }
}

/** Creates the namespace of the controller's objects if nothing is installed. */
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

import type { Logger } from "../../api/logger.ts";
import { COUNTED_UNTIL_ANNOTATION } from "../../api/names.ts";
import type { Lease } from "../../api/objects.ts";
import { rfc3339 } from "../../api/meta.ts";
import type { RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { create, get, update } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { StoreMonitor } from "../../kube/store_monitor.ts";

/** The one Lease of the installation. Every call may fail with what the API server answers. */
export interface LeaseStore {
  /** The Lease, or undefined where there is none. */
  get(signal: AbortSignal): Promise<Lease | undefined>;
  create(lease: Lease, signal: AbortSignal): Promise<Lease>;
  /** Overwrites the Lease of exactly the given resourceVersion. */
  update(lease: Lease, signal: AbortSignal): Promise<Lease>;
}

interface LeaseStoreOptions {
  readonly client: RestClient;
  readonly namespace: string;
  readonly name: string;
}

/** The Lease of the installation, at the API server. */
export function leaseStore({ client, namespace, name }: LeaseStoreOptions): LeaseStore {
  return {
    async get(signal): Promise<Lease | undefined> {
      return await orUndefined(send(client, get(resources.leases, { namespace, name }), signal));
    },
    create: (lease, signal) =>
      send(client, create(resources.leases, { namespace, body: lease }), signal),
    update: (lease, signal) =>
      send(client, update(resources.leases, { namespace, name, body: lease }), signal),
  };
}

/** The same store; its answers tell the monitor whether the API server is reachable, and was not rolled back. */
export function observedLeaseStore(store: LeaseStore, storeMonitor: StoreMonitor): LeaseStore {
  const version = (lease: Lease | undefined) => lease?.metadata.resourceVersion;
  return {
    get: (signal) => storeMonitor.observe(store.get(signal), version),
    create: (lease, signal) => storeMonitor.observe(store.create(lease, signal), version),
    update: (lease, signal) => storeMonitor.observe(store.update(lease, signal), version),
  };
}

/** The annotation of the leader's Lease while the leader counts Pods. */
export function countedUntil(now: Date): Record<string, string> {
  return { [COUNTED_UNTIL_ANNOTATION]: rfc3339(now) };
}

/** Until when the counts of the stored statuses were right; undefined where that is not known. Never rejects. */
export async function readCountedUntil(
  { store, logger }: { store: Pick<LeaseStore, "get">; logger: Logger },
  signal: AbortSignal,
): Promise<Date | undefined> {
  try {
    const lease = await store.get(signal);
    const time = Date.parse(lease?.metadata.annotations?.[COUNTED_UNTIL_ANNOTATION] ?? "");
    return Number.isNaN(time) ? undefined : new Date(time);
  } catch (error) {
    if (!signal.aborted) logger.warn("Cannot read until when Pods were counted", { error });
    return undefined;
  }
}

import type { Lease } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { create, get, update } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/send.ts";
import type { StoreMonitor } from "../../kube/store_monitor.ts";
import type { LeaseStore } from "./election.ts";

export interface LeaseStoreOptions {
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

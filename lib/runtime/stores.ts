import type { Lease } from "../api/objects.ts";
import { REPLICA_LABEL } from "../api/names.ts";
import type { LeaseStore } from "../controller/leader.ts";
import type { ReplicaLeases } from "../controller/peers.ts";
import { FIELD_MANAGER } from "../core/field_manager.ts";
import type { StoreMonitor } from "../kube/store_monitor.ts";
import type { RestClient } from "../kube/contract.ts";
import { isAlreadyExists, isConflict, isNotFound, orUndefined } from "../kube/errors.ts";
import { create, get, list, patch, remove, update } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";
import type { SecretStore } from "../webhook/certificates/secret_source.ts";

interface StoreOptions {
  readonly client: RestClient;
  readonly namespace: string;
  readonly name: string;
}

/** The Lease of the installation, at the API server. */
export function leaseStore({ client, namespace, name }: StoreOptions): LeaseStore {
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

/** The same Lease, each read and write of which shows whether the API server can be reached and has the store that it had. */
export function observedLeaseStore(store: LeaseStore, storeMonitor: StoreMonitor): LeaseStore {
  const version = (lease: Lease | undefined) => lease?.metadata.resourceVersion;
  return {
    get: (signal) => storeMonitor.observe(store.get(signal), version),
    create: (lease, signal) => storeMonitor.observe(store.create(lease, signal), version),
    update: (lease, signal) => storeMonitor.observe(store.update(lease, signal), version),
  };
}

/** The Leases of all replicas, at the API server. */
export function replicaLeases(
  { client, namespace }: Omit<StoreOptions, "name">,
): ReplicaLeases {
  return {
    async list(signal) {
      const request = list(resources.leases, { namespace, labelSelector: REPLICA_LABEL });
      return (await send(client, request, signal)).items;
    },
    put(lease, signal) {
      const { name = "" } = lease.metadata;
      const options = { name, namespace, fieldManager: FIELD_MANAGER, type: "apply" } as const;
      return send(
        client,
        patch(resources.leases, { ...options, force: true, body: lease }),
        signal,
      );
    },
    async remove({ metadata: { name = "", resourceVersion } }, signal) {
      const preconditions = resourceVersion === undefined ? {} : { resourceVersion };
      const request = remove(resources.leases, { namespace, name, preconditions });
      await orUndefined(send(client, request, signal));
    },
  };
}

/** The Secret with the webhook's certificate authority, at the API server. */
export function secretStore({ client, namespace, name }: StoreOptions): SecretStore {
  return {
    async get() {
      const secret = await orUndefined(send(client, get(resources.secrets, { namespace, name })));
      return secret && { data: mapValues(secret.data ?? {}, atob), secret };
    },
    async create(data) {
      const body = { metadata: { name, namespace }, type: "Opaque", data: mapValues(data, btoa) };
      try {
        await send(client, create(resources.secrets, { namespace, body }));
        return true;
      } catch (error) {
        if (isAlreadyExists(error)) return false;
        throw error;
      }
    },
    async update(data, secret) {
      const body = { ...secret, data: mapValues(data, btoa) };
      try {
        await send(client, update(resources.secrets, { namespace, name, body }));
        return true;
      } catch (error) {
        if (isConflict(error) || isNotFound(error)) return false;
        throw error;
      }
    },
  };
}

/** PEM is ASCII, so that atob() and btoa() do. */
function mapValues(
  data: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, change(value)]));
}

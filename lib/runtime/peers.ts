import { Peers, type PeersOptions } from "../controller/peers.ts";
import type { RestClient } from "../kube/contract.ts";
import { replicaLeases } from "./stores.ts";

export interface CreatePeersOptions extends Omit<PeersOptions, "leases" | "name"> {
  readonly client: RestClient;
  /** The controller's own. */
  readonly namespace: string;
}

/** The other replicas, at the API server. */
export function createPeers({ client, namespace, ...options }: CreatePeersOptions): Peers {
  return new Peers({
    ...options,
    leases: replicaLeases({ client, namespace }),
    // What the Lease's holder is called may be no valid name.
    name: `sidecarset-${crypto.randomUUID()}`,
  });
}

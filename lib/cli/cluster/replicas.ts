import {
  REPLICA_CERTIFICATE_ANNOTATION,
  REPLICA_LABEL,
  REPLICA_VERSION_ANNOTATION,
} from "../../api/names.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import { readAll } from "./reading.ts";

/** What a replica of the controller publishes in its Lease. */
interface Replica {
  readonly holder: string;
  /** Undefined for a version that does not publish it. */
  readonly version: string | undefined;
  /** SHA-256 fingerprint of its serving certificate. */
  readonly certificate: string | undefined;
}

/** The replicas of a controller, by holder. Rejects with the API server's error. */
export async function readReplicas(client: RestClient, namespace: string): Promise<Replica[]> {
  const leases = await readAll(client, resources.leases, {
    namespace,
    labelSelector: REPLICA_LABEL,
  });
  return leases.map(({ metadata: { name = "", annotations = {} }, spec }) => ({
    holder: spec?.holderIdentity ?? name,
    version: annotations[REPLICA_VERSION_ANNOTATION],
    certificate: annotations[REPLICA_CERTIFICATE_ANNOTATION],
  })).sort((a, b) => a.holder < b.holder ? -1 : 1);
}

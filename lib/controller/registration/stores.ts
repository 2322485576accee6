import { REPLICA_LABEL } from "../../api/names.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import { FIELD_MANAGER } from "../../core/field_manager.ts";
import type { RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { list, patch, remove, update } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { ReplicaLeases } from "./peers.ts";

/** The Leases of all replicas, at the API server. */
export function replicaLeases(
  { client, namespace }: { client: RestClient; namespace: string },
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

/** The MutatingWebhookConfiguration at the API server, for every replica to read and to change. */
export function mutatingConfigurationStore(client: RestClient, name: string) {
  const resource = resources.mutatingWebhookConfigurations;
  return {
    async read(signal: AbortSignal): Promise<WebhookConfiguration | undefined> {
      const request = list(resource, { fieldSelector: `metadata.name=${name}` });
      const [found] = (await send(client, request, signal)).items;
      // Items of a list come without their kind.
      return found && {
        ...found,
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "MutatingWebhookConfiguration",
      };
    },
    write: (body: WebhookConfiguration, signal: AbortSignal): Promise<WebhookConfiguration> =>
      send(client, update(resource, { name, body }), signal),
  };
}

import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { RestClient } from "../../kube/contract.ts";
import { list, update } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/send.ts";

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

import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { pendingIn } from "../../lib/core/registration/pending.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

/** The MutatingWebhookConfiguration of the installation. */
export function readRegistration({ client }: ControlPlane): Promise<WebhookConfiguration> {
  return send(client, get(resources.mutatingWebhookConfigurations, { name: "sidecarset" }));
}

/**
 * Waits until the leader has moved every pending selection to its permanent entries.
 *
 * @returns The MutatingWebhookConfiguration without pending selections.
 */
export function untilNothingPending(plane: ControlPlane): Promise<WebhookConfiguration> {
  return eventually(async () => {
    const configuration = await readRegistration(plane);
    return pendingIn(configuration.metadata).length === 0 && configuration;
  }, { what: "no selection is pending" });
}

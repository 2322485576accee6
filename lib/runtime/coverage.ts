import type { FieldProblem } from "../api/field_problem.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import type { RegistrationWidener } from "../controller/registration_widener.ts";
import { prepareSidecarSet } from "../core/defaults/prepare.ts";
import { coverageKey, isInjecting } from "../core/registration/selection.ts";
import type { RestClient } from "../kube/contract.ts";
import { list, update } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";
import type { SidecarSetValidationInput } from "../webhook/sidecarsets.ts";

export interface CoverageOptions {
  readonly widener: Pick<RegistrationWidener, "cover">;
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
}

/** Covers a valid SidecarSet that is being admitted where it selects other Pods than before, or with another failure policy. */
export function createCover(
  { widener, problemsOf }: CoverageOptions,
): (input: SidecarSetValidationInput) => Promise<boolean> | undefined {
  return function cover({ name, object, oldSidecarSet }) {
    const read = prepareSidecarSet(object, { problemsOf });
    if (!read.ok || !isInjecting(read.value)) return undefined;
    const old = oldSidecarSet && prepareSidecarSet(oldSidecarSet, { problemsOf });
    if (old?.ok && coverageKey(old.value) === coverageKey(read.value)) return undefined;
    const { metadata: { uid, generation = 1 }, spec } = read.value.sidecarSet;
    if (uid === undefined) return undefined;
    const { failurePolicy, selector, namespace, namespaceSelector } = spec;
    return widener.cover({
      ...{ name, uid, generation },
      spec: {
        ...(failurePolicy ? { failurePolicy } : {}),
        ...(selector ? { selector } : {}),
        ...(namespace === undefined ? {} : { namespace }),
        ...(namespaceSelector ? { namespaceSelector } : {}),
      },
    });
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

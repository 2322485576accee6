import type { Labels, LabelSelectorRequirement } from "../api/meta.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import { isExcluded, podExclusions } from "../core/registration/exclusions.ts";

type Kind = WebhookConfiguration["kind"];

/** The webhook configurations of the installation, as the watches have last sent them. */
export class RegistrationIndex {
  readonly #byKind = new Map<Kind, WebhookConfiguration>();
  /** Cached, because every Pod is compared with them. */
  #exclusions: readonly LabelSelectorRequirement[] = [];

  values(): IterableIterator<WebhookConfiguration> {
    return this.#byKind.values();
  }

  /** @param configuration undefined if it was deleted */
  apply(kind: Kind, configuration: WebhookConfiguration | undefined): void {
    if (configuration) this.#byKind.set(kind, configuration);
    else this.#byKind.delete(kind);
    this.#exclusions = podExclusions(this.#byKind.get("MutatingWebhookConfiguration"));
  }

  /** Forgets a configuration until it is read again; its exclusions stay until then. */
  forget(kind: Kind): void {
    this.#byKind.delete(kind);
  }

  /** Whether no registered entry takes the Pods of a namespace with these labels. */
  isExcluded(labels: Labels): boolean {
    return isExcluded(labels, this.#exclusions);
  }
}

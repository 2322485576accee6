import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../api/clock.ts";
import { PENDING_SELECTIONS_ANNOTATION } from "../../api/names.ts";
import type { KubeObject } from "../../api/objects.ts";
import type {
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookEntry,
} from "../../api/webhook_configuration.ts";
import { lastManager } from "../../core/field_manager.ts";
import { certificatesIn } from "../../core/registration/ca_bundle.ts";
import { withExclusions } from "../../core/registration/exclusions.ts";
import { withoutPending } from "../../core/registration/pending_entries.ts";
import { type Repair, RepairBackoff } from "../repair_backoff.ts";

export type ConfigurationKind = WebhookConfiguration["kind"];

/** Another client repeatedly undoes changes of a configuration. */
export interface RegistrationContention {
  readonly kind: ConfigurationKind;
  readonly name: string;
  /** That client's field manager; undefined if unknown. */
  readonly manager: string | undefined;
}

/** What a process knows of one of the two configurations at the API server. */
export class RegisteredConfiguration {
  readonly kind: ConfigurationKind;
  readonly repairs: RepairBackoff;
  #observed: WebhookConfiguration | undefined;
  /** The desired state that was last seen to be registered. */
  #confirmed: WebhookConfiguration | undefined;
  /** The resourceVersion that was last checked for changes by other clients. */
  #judged: string | undefined;
  #manager: string | undefined;
  #deletions = 0;

  constructor(kind: ConfigurationKind, clock: Clock) {
    this.kind = kind;
    this.repairs = new RepairBackoff(clock);
  }

  get observed(): WebhookConfiguration | undefined {
    return this.#observed;
  }

  /** The field manager of the change that was last repaired. */
  get manager(): string | undefined {
    return this.#manager;
  }

  /** Applies a state of the watch or of an answer; undefined if it was deleted. */
  observe(configuration: WebhookConfiguration | undefined): void {
    if (configuration === undefined) this.#deletions++;
    if (configuration && this.#observed && isOlder(configuration, this.#observed)) return;
    this.#observed = configuration;
  }

  /** Forgets everything: after a rollback of the store, versions cannot be compared. */
  forget(): void {
    this.observe(undefined);
    this.#confirmed = undefined;
    this.#judged = undefined;
  }

  /** Writes the desired state, and applies the answer unless the watch has sent a later deletion meanwhile. */
  async write(
    desired: WebhookConfiguration,
    send: (desired: WebhookConfiguration) => Promise<WebhookConfiguration>,
  ): Promise<{ stored: WebhookConfiguration; repair?: Repair }> {
    const before = this.#observed;
    const deletions = this.#deletions;
    const isRepair = this.isRepair(desired);
    const stored = await send(over(before, this.#narrowed(desired)));
    if (this.#deletions === deletions) this.observe(stored);
    this.#confirm(desired, stored);
    if (!isRepair) return { stored };
    const manager = before && lastManager(before.metadata);
    this.#manager = manager;
    this.repairs.note();
    const { apiVersion, kind, metadata: { name = "", uid = "" } } = stored;
    const { inRow, isContended } = this.repairs;
    return {
      stored,
      repair: { object: { apiVersion, kind, name, uid }, manager, inRow, isContended },
    };
  }

  /** Whether the registered state is the desired one, apart from namespaces that another client excluded. */
  isAs(desired: WebhookConfiguration): boolean {
    return this.#observed !== undefined && isEqual(this.#observed, this.#narrowed(desired));
  }

  #narrowed(desired: WebhookConfiguration): WebhookConfiguration {
    const isConfirmed = this.#confirmed !== undefined;
    return withExclusions(desired, this.#observed, { isConfirmed });
  }

  /** Records that the registered state is the desired one, if it is. */
  confirm(desired: WebhookConfiguration): void {
    if (this.#observed && this.isAs(desired)) this.#confirm(desired, this.#observed);
  }

  #confirm(desired: WebhookConfiguration, { metadata }: WebhookConfiguration): void {
    this.#confirmed = desired;
    this.#judged = metadata.resourceVersion;
  }

  /** Whether the registered state is the confirmed one, whichever selections replicas have added. */
  get isConfirmed(): boolean {
    return this.#confirmed !== undefined && this.#isPlannedAs(this.#confirmed);
  }

  /** Whether another client changed the confirmed state; true once per state. */
  wasChanged(): boolean {
    const version = this.#observed?.metadata.resourceVersion;
    if (this.#confirmed === undefined || version === this.#judged) return false;
    this.#judged = version;
    return !this.isConfirmed;
  }

  /** Whether a write would only restore the confirmed state. */
  isRepair(desired: WebhookConfiguration): boolean {
    return this.#confirmed !== undefined &&
      isEqual(withoutPending(this.#confirmed), withoutPending(desired)) &&
      !this.#isPlannedAs(desired);
  }

  /** As `isAs`, whichever selections replicas have added. */
  #isPlannedAs(desired: WebhookConfiguration): boolean {
    return this.#observed !== undefined &&
      isEqual(withoutPending(this.#observed), withoutPending(this.#narrowed(desired)));
  }
}

/** When any client last wrote an object. */
export function lastWrittenAt(object: Pick<KubeObject, "metadata"> | undefined): Date | undefined {
  const times = (object?.metadata.managedFields ?? []).map(({ time }) => Date.parse(time ?? ""));
  const latest = Math.max(...times);
  return Number.isFinite(latest) ? new Date(latest) : undefined;
}

/** Whether a watch lags behind an answer: the versions of one object are numbers that grow. */
function isOlder(a: WebhookConfiguration, b: WebhookConfiguration): boolean {
  return Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}

/** The desired state with the metadata that other clients set. */
function over(
  observed: WebhookConfiguration | undefined,
  desired: WebhookConfiguration,
): WebhookConfiguration {
  if (observed?.metadata.resourceVersion === undefined) return desired;
  const { resourceVersion, labels, finalizers } = observed.metadata;
  const { annotations } = withoutPending(observed).metadata;
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      ...(annotations || desired.metadata.annotations
        ? { annotations: { ...annotations, ...desired.metadata.annotations } }
        : {}),
      ...(finalizers ? { finalizers } : {}),
      labels: { ...labels, ...desired.metadata.labels },
      resourceVersion,
    },
  };
}

/** Equal in everything that the plan writes; other labels and annotations belong to other clients. */
function isEqual(observed: WebhookConfiguration, desired: WebhookConfiguration): boolean {
  const labels = observed.metadata.labels ?? {};
  return Object.entries(desired.metadata.labels ?? {}).every(([key, value]) =>
    labels[key] === value
  ) &&
    pendingAnnotationOf(observed) === pendingAnnotationOf(desired) &&
    isDeepStrictEqual(
      observed.metadata.ownerReferences ?? [],
      desired.metadata.ownerReferences ?? [],
    ) &&
    isDeepStrictEqual(observed.webhooks ?? [], desired.webhooks ?? []);
}

function pendingAnnotationOf({ metadata }: WebhookConfiguration): string | undefined {
  return metadata.annotations?.[PENDING_SELECTIONS_ANNOTATION];
}

/** Whether API servers trust these certificate authorities (PEM) by each of the registered entries. */
export function trusts(entries: readonly WebhookEntry[], authorities: string): boolean {
  const desired = certificatesIn(authorities);
  return entries.length > 0 && entries.every(({ clientConfig: { caBundle = "" } }) => {
    const trusted = new Set(certificatesIn(atob(caBundle)));
    return desired.every((certificate) => trusted.has(certificate));
  });
}

/** Whether all entries of the observed configurations have an address that the desired ones have. */
export function isAddressedAs(
  observed: readonly (WebhookConfiguration | undefined)[],
  desired: readonly WebhookConfiguration[],
): boolean {
  const entries = desired.flatMap(({ webhooks = [] }) => webhooks);
  const own = new Set(entries.map(({ clientConfig }) => addressOf(clientConfig)));
  return observed.every((configuration) => {
    const { webhooks = [] } = configuration ?? {};
    return webhooks.length > 0 &&
      webhooks.every(({ clientConfig }) => own.has(addressOf(clientConfig)));
  });
}

/** Text that is equal for webhooks with one address. */
function addressOf({ service, url }: WebhookClientConfig): string {
  const { namespace, name, port } = service ?? {};
  // The API server accepts URLs that URL.parse() does not.
  return JSON.stringify([namespace, name, port, url && (URL.parse(url)?.origin ?? url)]);
}

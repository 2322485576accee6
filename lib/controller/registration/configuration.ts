import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../api/clock.ts";
import { PENDING_SELECTIONS_ANNOTATION } from "../../api/names.ts";
import type {
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookEntry,
} from "../../api/webhook_configuration.ts";
import { lastManager } from "../../core/field_manager.ts";
import { certificatesIn } from "../../core/registration/ca_bundle.ts";
import { withExclusions } from "../../core/registration/exclusions.ts";
import { withoutPending } from "../../core/registration/pending_entries.ts";
import { type Repair, Repairs } from "../repair_backoff.ts";

export type ConfigurationKind = WebhookConfiguration["kind"];

/** Another client keeps changing a configuration back. */
export interface RegistrationContention {
  readonly kind: ConfigurationKind;
  readonly name: string;
  /** That client's field manager; undefined where nothing tells. */
  readonly manager: string | undefined;
}

/** What a process knows of one of the two configurations at the API server. */
export class RegisteredConfiguration {
  readonly kind: ConfigurationKind;
  readonly repairs: Repairs;
  #observed: WebhookConfiguration | undefined;
  /** What was last seen to be there as it was wanted. */
  #inForce: WebhookConfiguration | undefined;
  /** The resourceVersion that was last looked at for changes by others. */
  #judged: string | undefined;
  #manager: string | undefined;
  #deletions = 0;

  constructor(kind: ConfigurationKind, clock: Clock) {
    this.kind = kind;
    this.repairs = new Repairs(clock);
  }

  get observed(): WebhookConfiguration | undefined {
    return this.#observed;
  }

  /** Who changed it before it was last put right. */
  get manager(): string | undefined {
    return this.#manager;
  }

  /** Takes over what a watch saw; undefined when it was deleted. */
  observe(configuration: WebhookConfiguration | undefined): void {
    if (configuration === undefined) this.#deletions++;
    if (configuration && this.#observed && isOlder(configuration, this.#observed)) return;
    this.#observed = configuration;
  }

  /** Forgets everything, as versions compare no more after a rollback of the store. */
  forget(): void {
    this.observe(undefined);
    this.#inForce = undefined;
    this.#judged = undefined;
  }

  /** Makes a write, and takes over what it has stored, unless the watch has told of something later while the answer was on its way. */
  async write(
    wanted: WebhookConfiguration,
    send: (wanted: WebhookConfiguration) => Promise<WebhookConfiguration>,
  ): Promise<{ stored: WebhookConfiguration; repair?: Repair }> {
    const before = this.#observed;
    const deletions = this.#deletions;
    const isRepair = this.isRepair(wanted);
    const stored = await send(over(before, this.#narrowed(wanted)));
    if (this.#deletions === deletions) this.observe(stored);
    this.#confirm(wanted, stored);
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

  /** Whether what is registered is as wanted, but for namespaces that another client has excluded. */
  isAs(wanted: WebhookConfiguration): boolean {
    return this.#observed !== undefined && isEqual(this.#observed, this.#narrowed(wanted));
  }

  #narrowed(wanted: WebhookConfiguration): WebhookConfiguration {
    const isConfirmed = this.#inForce !== undefined;
    return withExclusions(wanted, this.#observed, { isConfirmed });
  }

  /** Takes note that what is there is as it is wanted, if it is. */
  confirm(wanted: WebhookConfiguration): void {
    if (this.#observed && this.isAs(wanted)) this.#confirm(wanted, this.#observed);
  }

  #confirm(wanted: WebhookConfiguration, { metadata }: WebhookConfiguration): void {
    this.#inForce = wanted;
    this.#judged = metadata.resourceVersion;
  }

  /** Whether somebody has changed what was in force; says so once for each state. */
  wasChanged(): boolean {
    const version = this.#observed?.metadata.resourceVersion;
    if (this.#inForce === undefined || version === this.#judged) return false;
    this.#judged = version;
    return !this.#isPlannedAs(this.#inForce);
  }

  /** Whether writing this would bring back what was in force before, and nothing new. */
  isRepair(wanted: WebhookConfiguration): boolean {
    return this.#inForce !== undefined &&
      isEqual(withoutPending(this.#inForce), withoutPending(wanted)) &&
      !this.#isPlannedAs(wanted);
  }

  /** As `isAs`, whichever selections replicas have added. */
  #isPlannedAs(wanted: WebhookConfiguration): boolean {
    return this.#observed !== undefined &&
      isEqual(withoutPending(this.#observed), withoutPending(this.#narrowed(wanted)));
  }
}

/** When somebody, perhaps another replica, last wrote what is registered. */
export function lastWrittenAt(configuration: WebhookConfiguration | undefined): Date | undefined {
  const times = (configuration?.metadata.managedFields ?? []).map(({ time }) =>
    Date.parse(time ?? "")
  );
  const latest = Math.max(...times);
  return Number.isFinite(latest) ? new Date(latest) : undefined;
}

/** Whether a watch lags behind an answer: the versions of one object are numbers that grow. */
function isOlder(a: WebhookConfiguration, b: WebhookConfiguration): boolean {
  return Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}

/** What is wanted in the place of what is there, with other people's metadata. */
function over(
  observed: WebhookConfiguration | undefined,
  wanted: WebhookConfiguration,
): WebhookConfiguration {
  if (observed?.metadata.resourceVersion === undefined) return wanted;
  const { resourceVersion, labels, finalizers } = observed.metadata;
  const { annotations } = withoutPending(observed).metadata;
  return {
    ...wanted,
    metadata: {
      ...wanted.metadata,
      ...(annotations || wanted.metadata.annotations
        ? { annotations: { ...annotations, ...wanted.metadata.annotations } }
        : {}),
      ...(finalizers ? { finalizers } : {}),
      labels: { ...labels, ...wanted.metadata.labels },
      resourceVersion,
    },
  };
}

/** Equal in everything that the plan writes; other labels and annotations are other people's. */
function isEqual(observed: WebhookConfiguration, wanted: WebhookConfiguration): boolean {
  const labels = observed.metadata.labels ?? {};
  return Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) =>
    labels[key] === value
  ) &&
    pendingAnnotationOf(observed) === pendingAnnotationOf(wanted) &&
    isDeepStrictEqual(
      observed.metadata.ownerReferences ?? [],
      wanted.metadata.ownerReferences ?? [],
    ) &&
    isDeepStrictEqual(observed.webhooks ?? [], wanted.webhooks ?? []);
}

function pendingAnnotationOf({ metadata }: WebhookConfiguration): string | undefined {
  return metadata.annotations?.[PENDING_SELECTIONS_ANNOTATION];
}

/** Whether API servers trust these certificate authorities (PEM) by each of the registered entries. */
export function trusts(entries: readonly WebhookEntry[], authorities: string): boolean {
  const wanted = certificatesIn(authorities);
  return entries.length > 0 && entries.every(({ clientConfig: { caBundle = "" } }) => {
    const trusted = new Set(certificatesIn(atob(caBundle)));
    return wanted.every((certificate) => trusted.has(certificate));
  });
}

/** Text that is equal for two webhooks of one process. */
export function addressOf({ service, url }: WebhookClientConfig): string {
  const { namespace, name, port } = service ?? {};
  // What the API server takes for a URL is not always one here.
  return JSON.stringify([namespace, name, port, url && (URL.parse(url)?.origin ?? url)]);
}

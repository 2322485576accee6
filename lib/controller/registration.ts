import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { OwnerReference } from "../api/meta.ts";
import type {
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookEntry,
} from "../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { bundleOf, certificatesIn } from "../core/registration/ca_bundle.ts";
import {
  planRegistration,
  type Registration,
  type WebhookEndpoint,
} from "../core/registration/configuration.ts";
import { REGISTRATION_SETTLE_SECONDS } from "../core/status/conditions.ts";
import { Coverage, RegistrationWants } from "./coverage.ts";
import type { Peers } from "./peers.ts";

export type ConfigurationKind = WebhookConfiguration["kind"];

export interface RegistrationKeeperOptions {
  readonly name: string;
  readonly endpoint: WebhookEndpoint;
  readonly excludedNamespaces: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  sidecarSets(): readonly PreparedSidecarSet[];
  /** PEM text of the authorities that this process is trusted by; undefined until there is a certificate. */
  caBundle(): string | undefined;
  /** The other replicas, whose authorities are to be trusted too. */
  readonly peers: Pick<Peers, "caBundle" | "look">;
  /** The installation's ClusterRole; undefined where there is none. May throw what the API server answers. */
  owner(signal: AbortSignal): Promise<OwnerReference | undefined>;
  isLeader(): boolean;
  /** Creates the configuration, or overwrites exactly the given resourceVersion. Answers it as stored. */
  write(wanted: WebhookConfiguration, signal: AbortSignal): Promise<WebhookConfiguration>;
  /** Told of SidecarSets whose coverage changed. */
  onCoverage(names: readonly string[]): void;
}

/** A plan with all that it depends on. */
interface Planned {
  readonly caBundle: string;
  readonly owner: OwnerReference | undefined;
  readonly wants: ReadonlyMap<string, string>;
  readonly registration: Registration;
}

/** Keeps the webhook registration at the API server equal to what the SidecarSets need, and knows since when it is. */
export class RegistrationKeeper {
  readonly #options: RegistrationKeeperOptions;
  readonly #observed = new Map<ConfigurationKind, WebhookConfiguration>();
  readonly #written = new Map<ConfigurationKind, string>();
  readonly #wants = new RegistrationWants();
  readonly #coverage = new Coverage(this.#wants);
  #last: Planned | undefined;
  #uncovered: Registration["uncovered"] = new Map();
  #owner: OwnerReference | undefined;
  #registered = false;
  #reachedSince: number | undefined;
  #wasUnreached = false;

  constructor(options: RegistrationKeeperOptions) {
    this.#options = options;
  }

  /** Whether the registration was once in force as the SidecarSets needed it. */
  get isRegistered(): boolean {
    return this.#registered;
  }

  /**
   * Whether reviews come to this process: by the registration that it wants itself, or by that of a leader with other settings or of another
   * version, which goes on leading until this process is ready.
   */
  get isReached(): boolean {
    return this.#reachedSince !== undefined &&
      this.#reachedSince <= this.#options.clock.monotonic();
  }

  /** Whether API servers that have got the registration trust these certificate authorities, given as PEM text. */
  trusts(authorities: string): boolean {
    const entries = this.#entries();
    const wanted = certificatesIn(authorities);
    return entries.length > 0 && entries.every(({ clientConfig }) => {
      const trusted = new Set(certificatesIn(atob(clientConfig.caBundle)));
      return wanted.every((certificate) => trusted.has(certificate));
    });
  }

  /** Since when the registration has covered the SidecarSet's current selection. */
  coveredSince(prepared: PreparedSidecarSet): Date | undefined {
    return this.#coverage.since(prepared);
  }

  isTooLarge(name: string): boolean {
    return this.#uncovered.has(name);
  }

  /** Takes over what a watch saw of a configuration; undefined when it was deleted. */
  observe(kind: ConfigurationKind, configuration: WebhookConfiguration | undefined): void {
    const known = this.#observed.get(kind);
    if (configuration && known && isOlder(configuration, known)) return;
    if (configuration) this.#observed.set(kind, configuration);
    else this.#observed.delete(kind);
  }

  /** Compares what is registered with what is needed and, as the leader, writes what differs. */
  async reconcile(signal: AbortSignal): Promise<void> {
    const { clock, isLeader, logger, sidecarSets } = this.#options;
    const own = this.#options.caBundle();
    if (own === undefined) return;
    if (!this.#owner || this.#isGone()) await this.#findOwner(signal);
    const caBundle = await this.#commonBundle(own, signal);
    const planned = sidecarSets();
    const wanted = this.#plan(planned, caBundle);
    let since: Date | undefined;
    for (const configuration of [wanted.validating, wanted.mutating]) {
      const observed = this.#observed.get(configuration.kind);
      if (observed && isEqual(observed, configuration)) continue;
      this.#checkTampering(configuration.kind, observed);
      if (!isLeader()) {
        if (this.trusts(own) && this.#isAddressedAs(wanted)) this.#reach();
        else this.#wasUnreached = true;
        return;
      }
      const stored = await this.#options.write(over(observed, configuration), signal);
      this.#observed.set(stored.kind, stored);
      since = clock.now();
      logger.info("Wrote the webhook registration", {
        kind: stored.kind,
        entries: stored.webhooks?.length ?? 0,
      });
    }
    for (const [kind, { metadata }] of this.#observed) {
      this.#written.set(kind, metadata.resourceVersion ?? "");
    }
    this.#registered = true;
    this.#reach();
    this.#uncovered = wanted.uncovered;
    const changed = this.#coverage.inForce(planned, {
      uncovered: wanted.uncovered,
      since: since ?? lastWrittenAt(this.#observed.get(wanted.mutating.kind)) ?? clock.now(),
    });
    if (changed.length > 0) this.#options.onCoverage(changed);
  }

  #entries(): readonly WebhookEntry[] {
    return [...this.#observed.values()].flatMap(({ webhooks = [] }) => webhooks);
  }

  /** Takes note that reviews come; API servers may be late with an address or authority that they did not have before. */
  #reach(): void {
    const delay = this.#wasUnreached ? REGISTRATION_SETTLE_SECONDS * 1_000 : 0;
    this.#reachedSince ??= this.#options.clock.monotonic() + delay;
  }

  /**
   * The authorities of all replicas, in an order that does not depend on who asks. What is registered is never changed by what was known of
   * the others before it was written.
   */
  async #commonBundle(own: string, signal: AbortSignal): Promise<string> {
    const { peers } = this.#options;
    const common = () => bundleOf(certificatesIn(own + peers.caBundle).toSorted());
    const registered = btoa(common());
    const entries = this.#entries();
    const isRegistered = entries.length > 0 &&
      entries.every(({ clientConfig }) => clientConfig.caBundle === registered);
    if (!isRegistered) await peers.look(signal);
    return common();
  }

  /** Whether a configuration is not there, perhaps because its owner was deleted. */
  #isGone(): boolean {
    return this.#observed.size < 2;
  }

  /** One that was created anew has another uid; one that is gone for good must still take the registration along. */
  async #findOwner(signal: AbortSignal): Promise<void> {
    this.#owner = await this.#options.owner(signal) ?? this.#owner;
  }

  /** The plan of before where nothing that it depends on has changed: with many SidecarSets it takes long, and Pods would wait. */
  #plan(sidecarSets: readonly PreparedSidecarSet[], caBundle: string): Registration {
    const owner = this.#owner;
    const wants = new Map(sidecarSets.map((each) => [each.name, this.#wants.of(each)]));
    const last = this.#last;
    const isSame = last !== undefined && last.caBundle === caBundle && last.owner === owner &&
      last.wants.size === wants.size &&
      wants.entries().every(([name, want]) => last.wants.get(name) === want);
    if (isSame) return last.registration;
    const { name, excludedNamespaces, endpoint } = this.#options;
    const registration = planRegistration({
      ...{ name, sidecarSets, excludedNamespaces, endpoint, caBundle },
      ...(owner ? { owner } : {}),
    });
    this.#last = { caBundle, owner, wants, registration };
    return registration;
  }

  /** Whether all that is registered has the address that this process serves at. */
  #isAddressedAs({ validating, mutating }: Registration): boolean {
    const own = (validating.webhooks ?? []).map(({ clientConfig }) => addressOf(clientConfig));
    return [validating, mutating].every(({ kind }) => {
      const observed = this.#observed.get(kind)?.webhooks ?? [];
      return observed.length > 0 &&
        observed.every(({ clientConfig }) => own.includes(addressOf(clientConfig)));
    });
  }

  /** A registration that this process did not leave like that may let Pods pass until it is put right. */
  #checkTampering(kind: ConfigurationKind, observed: WebhookConfiguration | undefined): void {
    const written = this.#written.get(kind);
    if (written === undefined || observed?.metadata.resourceVersion === written) return;
    this.#written.delete(kind);
    const names = this.#coverage.lost();
    this.#options.logger.warn("The webhook registration was changed by somebody else", { kind });
    this.#options.onCoverage(names);
  }
}

/** Text that is equal for two webhooks of one process. */
function addressOf({ service, url }: WebhookClientConfig): string {
  const { namespace, name, port } = service ?? {};
  return JSON.stringify([namespace, name, port, url && new URL(url).origin]);
}

/** When somebody, perhaps another replica, last wrote what is registered. */
function lastWrittenAt(configuration: WebhookConfiguration | undefined): Date | undefined {
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
  const { resourceVersion, labels, annotations, finalizers } = observed.metadata;
  return {
    ...wanted,
    metadata: {
      ...wanted.metadata,
      ...(annotations ? { annotations } : {}),
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
    isDeepStrictEqual(
      observed.metadata.ownerReferences ?? [],
      wanted.metadata.ownerReferences ?? [],
    ) &&
    isDeepStrictEqual(observed.webhooks ?? [], wanted.webhooks ?? []);
}

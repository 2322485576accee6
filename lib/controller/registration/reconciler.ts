import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { OwnerReference } from "../../api/meta.ts";
import type { WebhookConfiguration, WebhookEntry } from "../../api/webhook_configuration.ts";
import { lastManager } from "../../core/field_manager.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Registration, WebhookEndpoint } from "../../core/registration/configuration.ts";
import { isSettled, REGISTRATION_SETTLE_SECONDS } from "../../core/status/conditions.ts";
import { forEachInSteps } from "../../core/steps.ts";
import { atOnce, type RunSteps } from "../steps.ts";
import { Coverage, CoverageKeys } from "./coverage.ts";
import { commonBundle, type Peers } from "./peers.ts";
import {
  type ConfigurationKind,
  isAddressedAs,
  lastWrittenAt,
  RegisteredConfiguration,
  type RegistrationContention,
  trusts,
} from "./configuration.ts";
import { RegistrationPlanner } from "./planner.ts";
import type { Repair } from "../repair_backoff.ts";

/** Where API servers call this installation, and the facts from which its entries follow. */
export interface RegistrationReconcilerOptions {
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
  write(desired: WebhookConfiguration, signal: AbortSignal): Promise<WebhookConfiguration>;
  /** Whether the API server injects a SidecarSet by itself. */
  isInjectedByPolicy(prepared: PreparedSidecarSet): boolean;
  /** Called with the SidecarSets whose coverage changed. */
  onCoverage(names: readonly string[]): void;
  /** Called when a change by another client was repaired. */
  onRepair(repair: Repair): void;
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
}

/** Each is queued by several controllers. */
const NAMES_PER_STEP = 200;

/** Keeps the webhook registration equal to what the SidecarSets need, and records since when it is. */
export class RegistrationReconciler {
  readonly #options: RegistrationReconcilerOptions;
  readonly #validating: RegisteredConfiguration;
  readonly #mutating: RegisteredConfiguration;
  readonly #coverageKeys = new CoverageKeys();
  readonly #coverage = new Coverage(this.#coverageKeys);
  readonly #planner: RegistrationPlanner;
  #uncovered: Registration["uncovered"] = new Map();
  /** SidecarSets that the last plan leaves to the policy; it may be stored already. */
  #injectedByPolicy: ReadonlySet<string> = new Set();
  #owner: OwnerReference | undefined;
  #registered = false;
  /** Whether the last comparison found both configurations as needed. */
  #active = false;
  #reachedSince: number | undefined;
  #wasUnreached = false;
  /** Whether the last published coverage reports a contention. */
  #isContended = false;

  constructor(options: RegistrationReconcilerOptions) {
    this.#options = options;
    const { clock } = options;
    this.#planner = new RegistrationPlanner({ ...options, coverageKeys: this.#coverageKeys });
    this.#validating = new RegisteredConfiguration("ValidatingWebhookConfiguration", clock);
    this.#mutating = new RegisteredConfiguration("MutatingWebhookConfiguration", clock);
  }

  /** Whether the registration was once active as the SidecarSets needed it. */
  get isRegistered(): boolean {
    return this.#registered;
  }

  /**
   * Whether API servers send reviews to this process: by the registration that it would write itself, or by that of a
   * leader with other settings or of another version, which leads until this process is ready.
   */
  get isReached(): boolean {
    return this.#reachedSince !== undefined &&
      this.#reachedSince <= this.#options.clock.monotonic();
  }

  /** The client that keeps undoing the registration, so that it is active only at times; undefined without one. */
  get contention(): RegistrationContention | undefined {
    const contended = this.#configurations().find(({ repairs }) => repairs.isContended);
    if (contended === undefined) return undefined;
    const { kind, manager } = contended;
    return { kind, name: this.#options.name, manager };
  }

  /** Since when the registration has covered the SidecarSet's current selection. */
  coveredSince(prepared: PreparedSidecarSet): Date | undefined {
    return this.#coverage.since(prepared);
  }

  /**
   * Whether all API servers call the webhook for the Pods of a SidecarSet's current selection, and no write that ends
   * that may be under way. A SidecarSet that the webhook cannot cover counts too.
   */
  isReviewed(prepared: PreparedSidecarSet): boolean {
    if (this.#injectedByPolicy.has(prepared.name)) return false;
    if (this.isTooLarge(prepared.name)) return true;
    const since = this.coveredSince(prepared);
    const { clock } = this.#options;
    return since !== undefined && isSettled({ inForceSince: since.toISOString() }, clock.now());
  }

  isTooLarge(name: string): boolean {
    return this.#uncovered.has(name);
  }

  /**
   * Whether the last plan has the coverage that a SidecarSet needs now; most changes are of the status.
   *
   * @param prepared undefined if the SidecarSet is deleted
   */
  isPlanned(name: string, prepared: PreparedSidecarSet | undefined): boolean {
    return this.#planner.isPlanned(name, prepared);
  }

  /** Whether both configurations, as last observed, are what the SidecarSets need. */
  get isActive(): boolean {
    return this.#active;
  }

  /** The MutatingWebhookConfiguration as it was last seen or written. */
  get mutating(): WebhookConfiguration | undefined {
    return this.#mutating.observed;
  }

  /** Takes over what a watch saw of a configuration; undefined when it was deleted. */
  observe(kind: ConfigurationKind, configuration: WebhookConfiguration | undefined): void {
    if (configuration === undefined) this.#active = false;
    this.#configuration(kind).observe(configuration);
  }

  /** The store was set back: of a configuration nothing is known until it is read again. */
  forget(kind: ConfigurationKind): void {
    this.#active = false;
    this.#configuration(kind).forget();
    this.#publish(this.#coverage.lost());
  }

  /**
   * Compares what is registered with what is needed and, as the leader, writes what differs.
   *
   * @returns milliseconds after which to reconcile again although nothing may have changed
   */
  async reconcile(signal: AbortSignal): Promise<number | undefined> {
    const { clock, isLeader, sidecarSets, runSteps = atOnce } = this.#options;
    const own = this.#options.caBundle();
    if (own === undefined) return undefined;
    if (!this.#owner || this.#isMissing()) await this.#findOwner(signal);
    const caBundle = await commonBundle(own, {
      peers: this.#options.peers,
      entries: this.#entries(),
      signal,
    });
    const planned = sidecarSets();
    const plannedFrom = this.#mutating.observed;
    const planning = this.#planner.plan(planned, {
      caBundle,
      owner: this.#owner,
      registered: plannedFrom,
      permanentCoverage: () => this.#coverage.permanentIn(this.#mutating),
      now: clock.now(),
    });
    const { registration, injectedByPolicy, dueIn } = await runSteps(planning);
    // A replica may have added a selection between two steps.
    if (this.#mutating.observed !== plannedFrom) return 0;
    this.#injectedByPolicy = injectedByPolicy;
    const { validating, mutating, uncovered } = registration;
    const differing = [validating, mutating].filter((desired) =>
      !this.#configuration(desired.kind).isAs(desired)
    );
    this.#active = differing.length === 0;
    for (const { kind } of differing) this.#checkTampering(this.#configuration(kind));
    if (differing.length > 0 && !isLeader()) {
      const observed = this.#configurations().map((each) => each.observed);
      if (trusts(this.#entries(), own) && isAddressedAs(observed, [validating, mutating])) {
        this.#reach();
      } else this.#wasUnreached = true;
      return undefined;
    }
    const written = new Set<ConfigurationKind>();
    const waits: number[] = [];
    for (const desired of differing) {
      // During the write before, a replica may have added a selection, which this plan would remove.
      if (desired === mutating && this.#mutating.observed !== plannedFrom) return 0;
      const wait = await this.#write(desired, signal);
      if (wait === undefined) written.add(desired.kind);
      else waits.push(wait);
    }
    const disputed = this.#hasContentionChanged() ? planned.map(({ name }) => name) : [];
    if (waits.length > 0) {
      this.#publish(disputed);
      return Math.min(...waits);
    }
    for (const desired of [validating, mutating]) {
      this.#configuration(desired.kind).confirm(desired);
    }
    this.#registered = true;
    this.#active = true;
    this.#reach();
    this.#uncovered = uncovered;
    const since = written.has(mutating.kind) ? undefined : lastWrittenAt(this.#mutating.observed);
    const changed = await runSteps(this.#coverage.activate(planned, {
      ...{ uncovered, injectedByPolicy, since: since ?? clock.now() },
    }));
    this.#publish(disputed.length > 0 ? disputed : changed);
    const contended = this.#configurations().filter(({ repairs }) => repairs.isContended);
    const due = contended.map(({ repairs }) => repairs.calmIn);
    if (dueIn !== undefined) due.push(dueIn);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** @returns milliseconds to wait if another client has undone the registration too often */
  async #write(desired: WebhookConfiguration, signal: AbortSignal): Promise<number | undefined> {
    const { write, logger, onRepair } = this.#options;
    const configuration = this.#configuration(desired.kind);
    const { repairs } = configuration;
    if (repairs.wait > 0 && configuration.isRepair(desired)) return repairs.wait;
    const { stored, repair } = await configuration.write(desired, (body) => write(body, signal));
    const { kind, webhooks = [] } = stored;
    logger.info("Wrote the webhook registration", { kind, entries: webhooks.length });
    if (repair) onRepair(repair);
    return undefined;
  }

  #entries(): readonly WebhookEntry[] {
    return this.#configurations().flatMap(({ observed }) => observed?.webhooks ?? []);
  }

  /** Records that reviews reach this process; API servers need a few seconds for a new address or authority. */
  #reach(): void {
    const delay = this.#wasUnreached ? REGISTRATION_SETTLE_SECONDS * 1_000 : 0;
    this.#reachedSince ??= this.#options.clock.monotonic() + delay;
  }

  /** Whether a configuration is missing, perhaps because its owner was deleted. */
  #isMissing(): boolean {
    return this.#configurations().some(({ observed }) => observed === undefined);
  }

  #configurations(): readonly RegisteredConfiguration[] {
    return [this.#validating, this.#mutating];
  }

  #configuration(kind: ConfigurationKind): RegisteredConfiguration {
    return kind === this.#mutating.kind ? this.#mutating : this.#validating;
  }

  /** A recreated ClusterRole has another uid; a deleted one still owns the registration, so that it is deleted too. */
  async #findOwner(signal: AbortSignal): Promise<void> {
    this.#owner = await this.#options.owner(signal) ?? this.#owner;
  }

  /** A registration that another client changed may let Pods pass without injection until it is repaired. */
  #checkTampering(configuration: RegisteredConfiguration): void {
    if (!configuration.wasChanged()) return;
    const { kind, observed } = configuration;
    const names = this.#coverage.lost();
    const manager = observed && lastManager(observed.metadata);
    const { isLeader, logger } = this.#options;
    // The leader may leave a SidecarSet to the policy before its other replicas do.
    if (isLeader() || manager !== undefined) {
      logger.warn("Another client changed the webhook registration", { kind, manager });
    }
    this.#publish(names);
  }

  #hasContentionChanged(): boolean {
    const wasContended = this.#isContended;
    this.#isContended = this.contention !== undefined;
    return this.#isContended !== wasContended;
  }

  /** Each block by itself: a subscriber that fails does not stop the next one. */
  #publish(names: readonly string[]): void {
    const { runSteps = atOnce, onCoverage, logger } = this.#options;
    for (let first = 0; first < names.length; first += NAMES_PER_STEP) {
      runSteps(forEachInSteps([names.slice(first, first + NAMES_PER_STEP)], onCoverage))
        .catch((error) => logger.error("Cannot publish the coverage of SidecarSets", { error }));
    }
  }
}

import type { Clock } from "../../api/clock.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { PendingSelection } from "../../core/registration/pending.ts";
import type { RegistrationFacts } from "../../core/status/facts.ts";
import type { Change } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import type { Writer } from "../writer.ts";
import { mutatingConfigurationStore, replicaLeases } from "./stores.ts";
import { clusterRoleOwner, registrationFacts } from "./facts.ts";
import { Peers, type PeersOptions } from "./peers.ts";
import { RegistrationReconciler, type RegistrationReconcilerOptions } from "./reconciler.ts";
import { RegistrationWidener } from "./widener.ts";

/** Collects changes that come together. */
const BATCH_DELAY_MS = 200;
/**
 * A batch waits for a multiple of the time that the last one took, because planning and writing cost more with each
 * SidecarSet. New selections do not wait for it: their admission adds them.
 */
const BATCH_DELAY_FACTOR = 20;
const MAX_BATCH_DELAY_MS = 2_000;
/** Until the first write, when there is nothing to collect. */
const FIRST_BATCH_DELAY_MS = 20;

interface RegistrationControllerOptions extends
  LoopEnvironment,
  Omit<
    RegistrationReconcilerOptions,
    "sidecarSets" | "peers" | "owner" | "write" | "clock" | "onCoverage"
  >,
  Pick<PeersOptions, "identity" | "facts"> {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly writer: Writer;
  /** The controller's namespace. */
  readonly namespace: string;
  /** This machine's clock. */
  readonly localClock: Clock;
  /** The API server's clock. */
  readonly clock: Clock;
  /** Whether the registration ends with this process, because nothing else serves it. */
  readonly temporary: boolean;
  /** How often certificates may change. */
  readonly certificatePollMs: number;
}

/** Keeps the webhook registered, for this process and for the other replicas. */
export class RegistrationController {
  readonly #options: RegistrationControllerOptions;
  readonly #loop: Loop;
  readonly #peers: Peers;
  readonly #reconciler: RegistrationReconciler;
  readonly #widener: RegistrationWidener;
  #isStopped = false;
  /** How long the last reconciliation took. */
  #lastTookMs = 0;

  constructor(options: RegistrationControllerOptions) {
    const { name, client, index, writer, clock, localClock, temporary } = options;
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "registration",
      concurrency: 1,
      task: "write the webhook registration",
      keyField: "registration",
      // Followers check whether reviews reach them.
      everyReplica: true,
      reconcile: (_name, signal) => this.#reconcile(signal),
    });
    this.#peers = new Peers({
      ...options,
      clock: localClock,
      leases: replicaLeases(options),
      // An identity is not always a valid name of an object.
      name: `sidecarset-${crypto.randomUUID()}`,
      pollMs: options.certificatePollMs,
      onChange: () => this.resync(),
    });
    this.#reconciler = new RegistrationReconciler({
      ...options,
      peers: this.#peers,
      sidecarSets: () => [...index.sidecarSets.values()],
      owner: (signal) =>
        temporary ? Promise.resolve(undefined) : clusterRoleOwner(client, { name, signal }),
      write: (desired, signal) => writer.writeRegistration(desired, signal),
      onCoverage: (names) => index.changes.publish({ kind: "finding", sidecarSets: names }),
    });
    this.#widener = new RegistrationWidener({
      ...mutatingConfigurationStore(client, name),
      excludedNamespaces: options.excludedNamespaces,
      clock,
      logger: options.logger,
      registered: () => this.#reconciler.mutating,
      onStored: (stored) => this.#reconciler.observe(stored.kind, stored),
    });
  }

  /** Whether the observed registration is what the SidecarSets need. */
  get isActive(): boolean {
    return this.#reconciler.isActive;
  }

  /** Whether API servers send reviews to this process. */
  get isReached(): boolean {
    return this.#reconciler.isReached;
  }

  /** Whether API servers call the webhook for the Pods of a SidecarSet, and no write that ends that is under way. */
  isReviewed(prepared: PreparedSidecarSet): boolean {
    return this.#reconciler.isReviewed(prepared);
  }

  /** What the conditions of a SidecarSet report of the registration. */
  factsOf(prepared: PreparedSidecarSet): RegistrationFacts {
    return registrationFacts(prepared, this.#reconciler);
  }

  /**
   * Adds the selection of a SidecarSet that is being admitted to the registration.
   *
   * @returns false if API servers could not be made to use it in time. Never rejects
   */
  async cover(selection: Omit<PendingSelection, "since">): Promise<boolean> {
    return !this.#isStopped && await this.#widener.cover(selection);
  }

  /** Requeues the registration if it may have to change; most changes are of Pods and statuses. */
  observe(change: Change): void {
    if (change.kind === "sidecarset") {
      if (!this.#reconciler.isPlanned(change.name, change.after)) this.resync();
    }
    if (change.kind !== "registration") return;
    const { configuration, after, isRolledBack } = change;
    if (isRolledBack) this.#reconciler.forget(configuration);
    else this.#reconciler.observe(configuration, after);
    if (configuration === "MutatingWebhookConfiguration") this.#widener.observe(after);
    if (!isRolledBack) this.resync();
  }

  /** Requeues the registration. */
  resync(): void {
    const rest = Math.min(MAX_BATCH_DELAY_MS, this.#lastTookMs * BATCH_DELAY_FACTOR);
    const delay = this.#reconciler.isRegistered
      ? Math.max(BATCH_DELAY_MS, rest)
      : FIRST_BATCH_DELAY_MS;
    this.#loop.add(this.#options.name, delay);
  }

  /** Publishes a changed CA bundle of this process to the other replicas and to API servers. */
  observeCaBundle(): void {
    this.#peers.announce();
    this.resync();
  }

  /** Works until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.resync();
    await Promise.all([
      this.#loop.run(signal),
      // A temporary registration has no other replicas.
      ...(this.#options.temporary ? [] : [this.#peers.run(signal)]),
    ]);
  }

  /** Ends writes of the registration, so that a deleted one is not written again while nothing serves it. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Deletes a temporary registration, as the leader. Rejects with what the API server answers. */
  async unregister(signal: AbortSignal): Promise<void> {
    const { name, writer, logger, temporary, isLeader } = this.#options;
    if (!temporary || !isLeader()) return;
    for (
      const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] as const
    ) {
      await orUndefined(writer.deleteRegistration({ kind, name }, signal));
    }
    logger.info("Removed the webhook registration");
  }

  async #reconcile(signal: AbortSignal): Promise<number | undefined> {
    if (this.#isStopped) return undefined;
    const { localClock } = this.#options;
    const started = localClock.monotonic();
    try {
      return await this.#reconciler.reconcile(signal);
    } finally {
      this.#lastTookMs = localClock.monotonic() - started;
    }
  }
}

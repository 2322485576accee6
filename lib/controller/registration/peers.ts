import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import { CA_BUNDLE_ANNOTATION, REPLICA_LABEL } from "../../api/names.ts";
import type { Lease } from "../../api/objects.ts";
import type { WebhookEntry } from "../../api/webhook_configuration.ts";
import {
  bundleOf,
  certificatesIn,
  fittingIn,
  usableIn,
} from "../../core/registration/ca_bundle.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { heldBy, type LeaseSpec, mayAcquire, type Observation, observe } from "../leader/lease.ts";

/** The Leases of all replicas. Every call may fail with what the API server answers. */
export interface ReplicaLeases {
  list(signal: AbortSignal): Promise<readonly Lease[]>;
  /** Creates or overwrites a Lease. */
  put(lease: Lease, signal: AbortSignal): Promise<Lease>;
  /** Deletes exactly this Lease; without a resourceVersion, any state of it. */
  remove(lease: Lease, signal: AbortSignal): Promise<void>;
}

/** This replica, its Lease, and what it publishes there. */
export interface PeersOptions {
  readonly leases: ReplicaLeases;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of this process among the replicas. */
  readonly identity: string;
  /** Of this replica's Lease. */
  readonly name: string;
  /** Interval between renewals of the own Lease and, as the leader, between lists of the others. */
  readonly pollMs: number;
  /** PEM text of the authorities that this replica is trusted by; undefined until there is a certificate. */
  caBundle(): string | undefined;
  /** What other programs read about this replica: annotations of its Lease. */
  facts(): Readonly<Record<string, string>>;
  isLeader(): boolean;
  /** Called when the authorities of the others have changed. */
  onChange(): void;
}

/** A Lease expires after this many intervals. */
const INTERVALS_UNTIL_EXPIRY = 12;
const REMOVE_DEADLINE_MS = 2_000;
/** Limit of the other replicas' CA bundle, which is in each entry of the registration. */
const MAX_BUNDLE_CHARACTERS = 16_384;

/**
 * The authorities of all replicas as a CA bundle, in the same order for every replica. If a registered entry has
 * another one, the other replicas are listed again first, so that the registration is not changed by stale knowledge.
 *
 * @param own PEM text of this replica's authorities
 */
export async function commonBundle(
  own: string,
  { peers, entries, signal }: {
    peers: Pick<Peers, "caBundle" | "look">;
    entries: readonly WebhookEntry[];
    signal: AbortSignal;
  },
): Promise<string> {
  const common = () => bundleOf(certificatesIn(own + peers.caBundle).toSorted());
  const registered = btoa(common());
  const isRegistered = entries.length > 0 &&
    entries.every(({ clientConfig }) => clientConfig.caBundle === registered);
  if (!isRegistered) await peers.look(signal);
  return common();
}

/**
 * Exchanges CA bundles between the replicas of an installation. Each publishes its own in a Lease, and the leader
 * registers them all, so that replicas with certificates of different sources can serve together. The leader deletes
 * expired Leases.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #observations = new Map<string, Observation>();
  #bundle = "";
  #looks = 0;
  #lastLook = 0;
  #published = "";
  #woken = new AbortController();
  #silenced = false;
  #spec: LeaseSpec = {};

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** PEM text of the authorities of all other replicas, as last listed. */
  get caBundle(): string {
    return this.#bundle;
  }

  /** Lists the Leases of the other replicas, and updates `caBundle`. Rejects with what the API server answers. */
  async look(signal: AbortSignal): Promise<readonly Lease[]> {
    const { leases, clock, name, caBundle, onChange } = this.#options;
    const look = ++this.#looks;
    // Roles of an older version do not grant it.
    const all = await ifAllowed(leases.list(signal));
    // An API server that has just started forbids everything; no replica has expired by that.
    if (all === undefined) return [];
    const others = all.filter(({ metadata }) => metadata.name !== name);
    // A later list may have been answered earlier.
    if (look < this.#lastLook) return others;
    this.#lastLook = look;
    const now = clock.now();
    const own = new Set(certificatesIn(caBundle() ?? ""));
    // Most replicas share authorities, and parsing one is slow.
    const published = others.map(({ metadata: { annotations } }) =>
      annotations?.[CA_BUNDLE_ANNOTATION]
    );
    const usable = new Set(usableIn(bundleOf(published), now));
    const foreign = fittingIn([...usable.difference(own)], MAX_BUNDLE_CHARACTERS);
    const bundle = bundleOf([...usable.intersection(own), ...foreign].toSorted());
    if (bundle === this.#bundle) return others;
    this.#bundle = bundle;
    onChange();
    return others;
  }

  /** Publishes this replica's CA bundle immediately if it changed. */
  announce(): void {
    if (this.#options.caBundle() !== this.#published) this.#woken.abort();
  }

  /** Renews the own Lease, and as the leader lists the others, until the signal is aborted; then deletes its Lease. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, leases, logger, pollMs } = this.#options;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      // One failure does not prevent the other request.
      const outcomes = await Promise.allSettled([this.#publish(signal), this.#sweep(signal)]);
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure && !signal.aborted && !this.#silenced) {
        const { reason: error } = failure;
        logger.warn("Cannot exchange certificate authorities with other replicas", { error });
      }
      this.#silenced = failure !== undefined;
      await clock.sleep(pollMs, AbortSignal.any([signal, this.#woken.signal]));
    }
    try {
      await leases.remove(this.#lease(""), AbortSignal.timeout(REMOVE_DEADLINE_MS));
    } catch (error) {
      logger.debug("Cannot delete the replica's Lease", { error });
    }
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const bundle = this.#options.caBundle();
    if (bundle === undefined) return;
    const lease = this.#lease(bundle);
    await this.#options.leases.put(lease, signal);
    this.#published = bundle;
    this.#spec = lease.spec ?? {};
  }

  /** As the leader, lists the other replicas and deletes expired Leases. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { leases, clock, isLeader, identity } = this.#options;
    const known = new Map(this.#observations);
    // Leases expire only while they are observed.
    this.#observations.clear();
    if (!isLeader()) return;
    const others = await this.look(signal);
    const now = clock.monotonic();
    const failures: unknown[] = [];
    for (const lease of others) {
      const { name = "" } = lease.metadata;
      const observation = observe(known.get(name), { lease, at: now });
      this.#observations.set(name, observation);
      if (!mayAcquire(observation, { identity, now })) continue;
      // A failure does not prevent the deletion of the others.
      await leases.remove(lease, signal).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #lease(bundle: string): Lease {
    const { name, identity, clock, pollMs, facts } = this.#options;
    const durationSeconds = Math.ceil(pollMs * INTERVALS_UNTIL_EXPIRY / 1_000);
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name,
        labels: { [REPLICA_LABEL]: "" },
        annotations: { ...facts(), [CA_BUNDLE_ANNOTATION]: bundle },
      },
      spec: heldBy(this.#spec, { identity, now: clock.now(), durationSeconds }),
    };
  }
}

import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import { CA_BUNDLE_ANNOTATION, REPLICA_LABEL } from "../../api/names.ts";
import type { Lease } from "../../api/objects.ts";
import {
  bundleOf,
  certificatesIn,
  fittingIn,
  usableIn,
} from "../../core/registration/ca_bundle.ts";
import { isForbidden } from "../../kube/errors.ts";
import { heldBy, type LeaseSpec, mayAcquire, type Observation, observe } from "../leader/lease.ts";

/** The Leases of all replicas. Every call may fail with what the API server answers. */
export interface ReplicaLeases {
  list(signal: AbortSignal): Promise<readonly Lease[]>;
  /** Creates a Lease, or overwrites whichever there is. */
  put(lease: Lease, signal: AbortSignal): Promise<Lease>;
  /** Deletes exactly this Lease, or with no resourceVersion whichever has its name. */
  remove(lease: Lease, signal: AbortSignal): Promise<void>;
}

export interface PeersOptions {
  readonly leases: ReplicaLeases;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of this process among the replicas. */
  readonly identity: string;
  /** Of this replica's Lease. */
  readonly name: string;
  /** How often to tell of oneself, and to look for others, in milliseconds. */
  readonly pollMs: number;
  /** PEM text of the authorities that this replica is trusted by; undefined until there is a certificate. */
  caBundle(): string | undefined;
  isLeader(): boolean;
  /** Told when the authorities of the others have changed. */
  onChange(): void;
}

/** A replica that has let so many turns pass is gone. */
const TURNS_UNTIL_GONE = 12;
const REMOVE_DEADLINE = 2_000;
/** Room for the authorities of the others, each of which comes to each entry of the registration: replicas have few between them. */
const MOST_CHARACTERS = 16_384;

/**
 * What the replicas of an installation know of each other: each has a Lease that says by which certificate authorities it is to be trusted,
 * so that whoever leads registers those of all. Replicas with certificates of different sources can then serve side by side. The leader
 * deletes the Leases of those that are gone.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #observations = new Map<string, Observation>();
  #bundle = "";
  #looks = 0;
  #lastLook = 0;
  #told = "";
  #woken = new AbortController();
  #silenced = false;
  #spec: LeaseSpec = {};

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** PEM text of the authorities of all other replicas, as far as this process has seen. */
  get caBundle(): string {
    return this.#bundle;
  }

  /** Looks for the other replicas now. */
  async look(signal: AbortSignal): Promise<readonly Lease[]> {
    const { leases, clock, name, caBundle, onChange } = this.#options;
    const look = ++this.#looks;
    const all = await permitted(leases.list(signal));
    // An API server that has just started refuses everybody; nobody is gone for that.
    if (all === undefined) return [];
    const others = all.filter(({ metadata }) => metadata.name !== name);
    // One that was begun later may have been answered earlier.
    if (look < this.#lastLook) return others;
    this.#lastLook = look;
    const now = clock.now();
    const own = new Set(certificatesIn(caBundle() ?? ""));
    // Most replicas are trusted by the same ones, and to read one takes time.
    const told = others.map(({ metadata: { annotations } }) => annotations?.[CA_BUNDLE_ANNOTATION]);
    const usable = new Set(usableIn(bundleOf(told), now));
    const foreign = fittingIn([...usable.difference(own)], MOST_CHARACTERS);
    const bundle = bundleOf([...usable.intersection(own), ...foreign].toSorted());
    if (bundle === this.#bundle) return others;
    this.#bundle = bundle;
    onChange();
    return others;
  }

  /** Tells of this replica at once where its authorities are other ones than it has told. */
  announce(): void {
    if (this.#options.caBundle() !== this.#told) this.#woken.abort();
  }

  /** Tells of this replica, and as the leader looks for others, again and again until the signal is aborted; then withdraws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, leases, logger, pollMs } = this.#options;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      // Whoever cannot tell of itself still looks for others.
      const outcomes = await Promise.allSettled([this.#tell(signal), this.#sweep(signal)]);
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure && !signal.aborted && !this.#silenced) {
        const { reason: error } = failure;
        logger.warn("Cannot exchange certificate authorities with other replicas", { error });
      }
      this.#silenced = failure !== undefined;
      await clock.sleep(pollMs, AbortSignal.any([signal, this.#woken.signal]));
    }
    try {
      await leases.remove(this.#lease(""), AbortSignal.timeout(REMOVE_DEADLINE));
    } catch (error) {
      logger.debug("Cannot delete the replica's Lease", { error });
    }
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const bundle = this.#options.caBundle();
    if (bundle === undefined) return;
    const lease = this.#lease(bundle);
    await this.#options.leases.put(lease, signal);
    this.#told = bundle;
    this.#spec = lease.spec ?? {};
  }

  /** As the leader, looks for others and deletes the Leases of those that are gone. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { leases, clock, isLeader, identity } = this.#options;
    const known = new Map(this.#observations);
    // While nobody looks, or can look, nobody is gone.
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
      // One that cannot be deleted keeps none of the others.
      await leases.remove(lease, signal).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #lease(bundle: string): Lease {
    const { name, identity, clock, pollMs } = this.#options;
    const durationSeconds = Math.ceil(pollMs * TURNS_UNTIL_GONE / 1_000);
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name,
        labels: { [REPLICA_LABEL]: "" },
        annotations: { [CA_BUNDLE_ANNOTATION]: bundle },
      },
      spec: heldBy(this.#spec, { identity, now: clock.now(), durationSeconds }),
    };
  }
}

/** Without the right to see other replicas, as with the roles of an older version, nothing is known of them. */
async function permitted(
  answer: Promise<readonly Lease[]>,
): Promise<readonly Lease[] | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

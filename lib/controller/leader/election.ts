import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { Lease } from "../../api/objects.ts";
import {
  heldBy,
  type LeaseSpec,
  mayAcquire,
  type Observation,
  observe,
  released,
} from "./lease.ts";
import type { LeaseStore } from "./lease_store.ts";

interface LeaderElectionOptions {
  store: LeaseStore;
  clock: Clock;
  logger: Logger;
  /** Name of this process among all candidates. */
  identity: string;
  leaseName: string;
  leaseNamespace: string;
  /** In seconds: how long a Lease holds, until when the holder trusts it, and how often it is renewed. */
  leaseDuration?: number;
  renewDeadline?: number;
  retryPeriod?: number;
  /** Annotations of the Lease, written with each renewal. */
  annotations?(): Record<string, string>;
}

/** One moment by both clocks, in milliseconds. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.now().getTime() };
}

/**
 * Leader election by a Lease, with the rules of `k8s.io/client-go/tools/leaderelection`. `isLeader()` compares the age
 * of the last renewal, so that a process that was suspended does not write after another one has become the leader.
 */
export class LeaderElection {
  readonly #options:
    & Required<Omit<LeaderElectionOptions, "annotations">>
    & Pick<LeaderElectionOptions, "annotations">;
  readonly #subscribers: ((isLeading: boolean) => void)[] = [];
  #observation: Observation | undefined;
  #renewedAt: Moment | undefined;
  #leading = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = { leaseDuration: 15, renewDeadline: 10, retryPeriod: 2, ...options };
  }

  isLeader(): boolean {
    return this.#age() < this.#options.renewDeadline * 1_000;
  }

  /** Milliseconds until another process may write; 0 or less where one may already. */
  exclusiveFor(): number {
    return this.#options.leaseDuration * 1_000 - this.#age();
  }

  /** @param subscriber is called when this process becomes the leader, and when it no longer is */
  subscribe(subscriber: (isLeading: boolean) => void): void {
    this.#subscribers.push(subscriber);
  }

  /** Campaigns and renews until the signal is aborted, then releases the Lease. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriod } = this.#options;
    while (!signal.aborted) {
      await this.#attempt(signal);
      this.#announce();
      await clock.sleep(retryPeriod * 1_000, signal);
    }
    await this.#release();
    this.#announce();
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { clock, store, logger, retryPeriod } = this.#options;
    const started = momentOf(clock);
    // A hanging request must not keep the election from noticing that its Lease has passed.
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(retryPeriod * 2_000)]);
    try {
      const lease = await store.get(deadline);
      if (!lease) {
        this.#seen(await store.create(this.#lease({}), deadline));
        this.#renewed(started);
        return;
      }
      const observation = this.#seen(lease);
      const { identity } = this.#options;
      if (!mayAcquire(observation, { identity, now: clock.monotonic() })) return;
      const { spec, metadata: { annotations } } = this.#lease(observation.spec);
      const metadata = {
        ...lease.metadata,
        annotations: { ...lease.metadata.annotations, ...annotations },
      };
      this.#seen(await store.update({ ...lease, metadata, ...(spec ? { spec } : {}) }, deadline));
      this.#renewed(started);
    } catch (error) {
      if (!signal.aborted) logger.debug("Cannot renew the Lease", { error });
    }
  }

  /** Announces a lost Lease before its renewal: what was dropped meanwhile is requeued. */
  #renewed(at: Moment): void {
    this.#announce();
    this.#renewedAt = at;
  }

  /** Of the last renewal, in milliseconds. */
  #age(): number {
    if (!this.#renewedAt) return Infinity;
    const now = momentOf(this.#options.clock);
    // The monotonic clock stands still while the machine is suspended; the wall clock may be set back.
    return Math.max(now.monotonic - this.#renewedAt.monotonic, now.wall - this.#renewedAt.wall);
  }

  #lease(previous: LeaseSpec): Lease {
    const { leaseName, leaseNamespace, identity, leaseDuration, clock } = this.#options;
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: leaseName,
        namespace: leaseNamespace,
        annotations: this.#options.annotations?.() ?? {},
      },
      spec: heldBy(previous, { identity, now: clock.now(), durationSeconds: leaseDuration }),
    };
  }

  #seen(lease: Lease): Observation {
    this.#observation = observe(this.#observation, { lease, at: this.#options.clock.monotonic() });
    return this.#observation;
  }

  #announce(): void {
    const leading = this.isLeader();
    if (leading === this.#leading) return;
    this.#leading = leading;
    const { logger, identity } = this.#options;
    logger.info(leading ? "Became the leader" : "Lost leadership", { identity });
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(leading);
      } catch (error) {
        // The Lease has to be renewed in any case.
        logger.error("Cannot react to a change of leadership", { error });
      }
    }
  }

  async #release(): Promise<void> {
    const { store, clock, logger } = this.#options;
    if (!this.isLeader()) return;
    this.#renewedAt = undefined;
    const deadline = AbortSignal.timeout(2_000);
    try {
      const lease = await store.get(deadline);
      if (lease?.spec?.holderIdentity !== this.#options.identity) return;
      await store.update({ ...lease, spec: released(lease.spec, clock.now()) }, deadline);
    } catch (error) {
      logger.debug("Cannot release the Lease", { error });
    }
  }
}

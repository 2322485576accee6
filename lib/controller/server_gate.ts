import type { Clock } from "../api/clock.ts";
import { jitteredDelay } from "../core/backoff.ts";
import {
  httpCodeOf,
  isServerFault,
  isWebhookFailure,
  retryAfterSecondsOf,
} from "../kube/errors.ts";

/** Faults in a row that close the gate; single ones are left to the back-off of their objects. */
const MAX_FAULTS = 5;
/** A probe without an answer for so long does not keep the next one back. */
const PROBE_PATIENCE_MS = 5_000;
/** Delay of the next probe: a recovery is noticed within seconds, however long the fault has lasted. */
const PROBE_MS = { base: 500, max: 4_000 };

interface ServerGateOptions {
  readonly clock: Clock;
  /** From 0 to 1, for jitter. @default Math.random */
  random?(): number;
}

/**
 * A circuit breaker: after faults of the API server in a row it lets one request at a time pass as a probe, ever more
 * seldom, until the server answers again. An answer that concerns the object alone is an answer.
 */
export class ServerGate {
  readonly #clock: Clock;
  readonly #random: () => number;
  #faults = 0;
  /** Probes that have failed since the gate was closed; undefined while it is open. */
  #failedProbes: number | undefined;
  /** On the clock that only grows. */
  #probeAt = 0;
  /** When the probe under way was let pass; undefined while there is none. */
  #probingSince: number | undefined;
  #changed = new AbortController();

  constructor({ clock, random = Math.random }: ServerGateOptions) {
    this.#clock = clock;
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#failedProbes === undefined;
  }

  /**
   * Waits until a request may be sent, or the signal is aborted.
   *
   * @returns whether the request is a probe; it has to be watched
   */
  async pass(signal: AbortSignal): Promise<boolean> {
    while (!this.isOpen && !signal.aborted) {
      const now = this.#clock.monotonic();
      const due = this.#probingSince === undefined
        ? this.#probeAt
        : this.#probingSince + PROBE_PATIENCE_MS;
      if (due <= now) {
        this.#probingSince = now;
        return true;
      }
      await this.#clock.sleep(due - now, AbortSignal.any([signal, this.#changed.signal]));
    }
    return false;
  }

  /** The probe was not sent: it leaves its turn to the next request. */
  endProbe(): void {
    this.#change(() => this.#probingSince = undefined);
  }

  /** Sends a request, and learns from its outcome. */
  async watch<T>(
    request: () => Promise<T>,
    { isProbe }: { isProbe: boolean },
  ): Promise<T> {
    try {
      const answer = await request();
      this.#succeeded();
      return answer;
    } catch (error) {
      if (isServerFault(error)) this.#failed(error, { isProbe });
      else if (httpCodeOf(error) !== undefined && !isWebhookFailure(error)) this.#succeeded();
      throw error;
    } finally {
      if (isProbe) this.endProbe();
    }
  }

  #succeeded(): void {
    this.#faults = 0;
    if (!this.isOpen) this.#change(() => this.#failedProbes = undefined);
  }

  #failed(error: unknown, { isProbe }: { isProbe: boolean }): void {
    this.#faults++;
    // Those that were under way when the gate was closed say nothing new.
    if (this.#faults < MAX_FAULTS || (!this.isOpen && !isProbe)) return;
    const failedProbes = this.#failedProbes ?? 0;
    this.#failedProbes = failedProbes + 1;
    const asked = Math.min(PROBE_MS.max, (retryAfterSecondsOf(error) ?? 0) * 1_000);
    const delay = Math.max(asked, jitteredDelay(failedProbes, PROBE_MS, this.#random()));
    this.#probeAt = this.#clock.monotonic() + delay;
  }

  #change(change: () => void): void {
    change();
    const changed = this.#changed;
    this.#changed = new AbortController();
    changed.abort("changed");
  }
}

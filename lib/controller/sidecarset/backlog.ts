import type { Clock } from "../../api/clock.ts";

/** As many new SidecarSets in this time are a burst: only tools create them so fast. */
const BURST_SIZE = 20;
const BURST_MS = 2_000;
/** The longest that a SidecarSet waits for the end of a burst. */
const MAX_WAIT_MS = 30_000;
/** Keeps all workers busy; a SidecarSet that need not wait is queued behind these. */
const MAX_RELEASED = 8;

interface BacklogOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Has a SidecarSet reconciled that has waited. */
  release(name: string): void;
}

/**
 * New SidecarSets without Pods. Where many are created together, their revisions and first statuses would cost the API
 * server twice as many writes as the creations, at the same time. They wait until the burst is over, and are then
 * reconciled a few at a time, so that all others come first: the low priority of controller-runtime's
 * `pkg/controller/priorityqueue`.
 */
export class Backlog {
  readonly #options: BacklogOptions;
  /** The latest release of each, by name, the earliest one first. */
  readonly #waiting = new Map<string, number>();
  /** Released, and not yet reconciled. */
  readonly #released = new Set<string>();
  /** Reconciled, perhaps without success: they retry without waiting here again. */
  readonly #passed = new Set<string>();
  /** When the last new SidecarSets arrived. */
  readonly #arrivals: number[] = [];
  #hasTimer = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Number of SidecarSets that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Counts a new SidecarSet, with Pods or without. */
  arrived(): void {
    this.#arrivals.push(this.#options.clock.monotonic());
    if (this.#arrivals.length > BURST_SIZE) this.#arrivals.shift();
  }

  /** @returns whether the SidecarSet is to be reconciled now; else it is released later */
  admits(name: string): boolean {
    if (this.#passed.has(name) || this.#released.has(name)) return true;
    if (this.#waiting.has(name)) return false;
    const now = this.#options.clock.monotonic();
    if (this.#burstEndsAt() <= now) return true;
    this.#waiting.set(name, now + MAX_WAIT_MS);
    this.#releaseDue();
    return false;
  }

  /** The SidecarSet has had its turn. */
  pass(name: string): void {
    this.#leave(name);
    this.#passed.add(name);
  }

  /** The SidecarSet has a status or Pods, or is deleted. */
  forget(name: string): void {
    this.#passed.delete(name);
    this.#leave(name);
  }

  /** Forgets all: they are observed again. */
  clear(): void {
    this.#waiting.clear();
    this.#released.clear();
    this.#passed.clear();
  }

  #leave(name: string): void {
    this.#waiting.delete(name);
    if (this.#released.delete(name)) this.#releaseDue();
  }

  /** When the burst is over if no other SidecarSet arrives; in the past if there is none. */
  #burstEndsAt(): number {
    const [first] = this.#arrivals;
    return first === undefined || this.#arrivals.length < BURST_SIZE ? 0 : first + BURST_MS;
  }

  #releaseDue(): void {
    const { clock, release } = this.#options;
    for (const [name, deadline] of this.#waiting) {
      if (this.#released.size >= MAX_RELEASED) return;
      const wait = Math.min(this.#burstEndsAt(), deadline) - clock.monotonic();
      if (wait > 0) return this.#releaseAfter(wait);
      this.#waiting.delete(name);
      this.#released.add(name);
      release(name);
    }
  }

  #releaseAfter(delayMs: number): void {
    if (this.#hasTimer) return;
    this.#hasTimer = true;
    void this.#options.clock.sleep(delayMs).then(() => {
      this.#hasTimer = false;
      this.#releaseDue();
    });
  }
}

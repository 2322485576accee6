import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/api/clock.ts";

interface Sleeper {
  until: number;
  wake(): void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #wall: number;
  #sleepers: Sleeper[] = [];

  constructor(start = new Date("2026-01-01T00:00:00Z")) {
    this.#wall = start.getTime();
  }

  now(): Date {
    return new Date(this.#wall);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      const wake = () => {
        // Otherwise a signal that lives long would keep a listener of each sleep.
        signal?.removeEventListener("abort", cancel);
        resolve();
      };
      const sleeper = { until: this.#monotonic + milliseconds, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Moves both clocks forward, ends the sleeps that are due in order, and runs what follows from each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds;
    await settle();
    for (;;) {
      const next = Math.min(...this.#sleepers.map(({ until }) => until));
      if (next > end) break;
      this.#move(next);
      const due = this.#sleepers.filter(({ until }) => until <= next);
      this.#sleepers = this.#sleepers.filter(({ until }) => until > next);
      for (const { wake } of due) wake();
      await settle();
    }
    this.#move(end);
  }

  /** Sets the wall clock alone, as an administrator or NTP does. */
  setWall(date: Date): void {
    this.#wall = date.getTime();
  }

  #move(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}

/**
 * Runs everything that waits for nothing but its turn: the event loop calls the immediate once the microtask queue is
 * empty, however long the chains of promises in it are.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

import type { Clock } from "../api/clock.ts";
import type { Observation } from "./transport.ts";

const SECOND_MS = 1_000;

/**
 * Estimates the API server's wall clock from the Date headers of its responses. Timestamps of the API server, such as
 * the creation of Pods, must not be compared with a wrong local clock. Without a difference it is the local clock.
 */
export class ServerClock implements Clock {
  readonly #clock: Clock;
  #offset = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Updates the estimate. Call it when a response arrives: its date lies between request and response, rounded down to
   * seconds.
   */
  observe({ date, durationMs }: Pick<Observation, "date" | "durationMs">): void {
    const second = Date.parse(date ?? "");
    if (Number.isNaN(second)) return;
    const received = this.#clock.now().getTime();
    const minOffset = second - received;
    const maxOffset = second + SECOND_MS - (received - durationMs);
    this.#offset = Math.min(Math.max(this.#offset, minOffset), Math.max(minOffset, maxOffset));
  }

  now(): Date {
    return new Date(this.#clock.now().getTime() + this.#offset);
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(milliseconds, signal);
  }
}

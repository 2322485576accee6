import type { Clock } from "../api/clock.ts";
import type { Observation } from "./transport.ts";

const SECOND = 1_000;

/**
 * The API server's wall clock, as far as the dates of its answers tell it: what is compared with times that the API server has written, such as
 * the creation of Pods, must not depend on how this machine's clock is set. As long as both agree it is this machine's.
 */
export class ServerClock implements Clock {
  readonly #clock: Clock;
  #offset = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of an answer that has just come: it was dated after it was asked for, and dates are cut to whole seconds. */
  observe({ date, durationMs }: Pick<Observation, "date" | "durationMs">): void {
    const second = Date.parse(date ?? "");
    if (Number.isNaN(second)) return;
    const received = this.#clock.now().getTime();
    const least = second - received;
    const most = second + SECOND - (received - durationMs);
    this.#offset = Math.min(Math.max(this.#offset, least), Math.max(least, most));
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

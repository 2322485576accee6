import type { Clock } from "../../api/clock.ts";
import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { isRegistering } from "../../core/status/conditions.ts";

/** How many SidecarSets at a time get a first status that only says that they are not registered yet. */
const MAX_SIDECAR_SETS = 16;
/** The longest that a first status waits. */
const MAX_WAIT_MS = 10_000;

/**
 * Chooses the SidecarSets that get a status before their registration has settled, a few seconds after their creation.
 * If many are created together, the first status of the others has the result, which is one write less for each. A
 * process that has just started writes no such status before it has compared the registration, so that a restart where
 * nothing has changed writes nothing.
 */
export class InterimStatuses {
  readonly #clock: Clock;
  /** SidecarSets whose registration had not settled in their last status. */
  readonly #names = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  forget(name: string): void {
    this.#names.delete(name);
  }

  forgetAll(): void {
    this.#names.clear();
  }

  /**
   * How long a status waits for a registration that settles meanwhile.
   *
   * @param since when this process first saw the SidecarSet; monotonic
   * @param status what would be written
   * @param isUnknown whether the registration has not been compared since the start
   * @returns milliseconds; 0 if the status is to be written now
   */
  waitOf(
    { name, sidecarSet }: PreparedSidecarSet,
    { since, status, isUnknown }: {
      readonly since: number;
      readonly status: SidecarSetStatus;
      readonly isUnknown: boolean;
    },
  ): number {
    if (!isRegistering(status)) {
      this.#names.delete(name);
      return 0;
    }
    const wait = Math.max(0, since + MAX_WAIT_MS - this.#clock.monotonic());
    if (isUnknown && wait > 0) return wait;
    if (sidecarSet.status !== undefined || this.#names.has(name)) return 0;
    if (this.#names.size >= MAX_SIDECAR_SETS && wait > 0) return wait;
    this.#names.add(name);
    return 0;
  }
}

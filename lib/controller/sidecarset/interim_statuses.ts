import type { Clock } from "../../api/clock.ts";
import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { isRegistering } from "../../core/status/conditions.ts";
import { MAX_EXAMINATION_MS } from "../leadership.ts";

/** How many SidecarSets at a time get a first status that only says that they are not registered yet. */
const MAX_SIDECAR_SETS = 16;
/** The longest that a first status waits. */
const MAX_WAIT_MS = 10_000;

/**
 * Decides which statuses are written although they only report what this process knows so far.
 *
 * After a start it first has to find out again what the stored status reports: whether the registration is active, why
 * Pods were missed, which workloads are refused Pods. The stored status stays until then, so that a restart where
 * nothing has changed writes nothing.
 *
 * A new SidecarSet gets a status before its registration has settled, a few seconds after its creation. If many are
 * created together, the first status of the others has the result, which is one write less for each.
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
   * How long a status waits for more to be known.
   *
   * @param since when this process first saw the SidecarSet, or became the leader; monotonic
   * @param status what would be written
   * @param isExamined whether this process has examined all that the status reports
   * @returns milliseconds; 0 if the status is to be written now
   */
  waitOf(
    { name, sidecarSet }: PreparedSidecarSet,
    { since, status, isExamined }: {
      readonly since: number;
      readonly status: SidecarSetStatus;
      readonly isExamined: boolean;
    },
  ): number {
    const age = this.#clock.monotonic() - since;
    if (!isExamined && age < MAX_EXAMINATION_MS) return MAX_EXAMINATION_MS - age;
    if (!isRegistering(status)) {
      this.#names.delete(name);
      return 0;
    }
    if (sidecarSet.status !== undefined || this.#names.has(name)) return 0;
    if (this.#names.size >= MAX_SIDECAR_SETS && age < MAX_WAIT_MS) return MAX_WAIT_MS - age;
    this.#names.add(name);
    return 0;
  }
}

import type { Clock } from "../api/clock.ts";
import type { Pod } from "../api/pod.ts";
import { httpCodeOf, isConflict } from "../kube/errors.ts";

/** Milliseconds: after an answer the watch is soon there; a request without one may take effect until the API server gives it up. */
const AFTER_ANSWER = 5_000;
const WITHOUT_ANSWER = 30_000;

interface Expectation {
  /** Whether the same write may be sent again: its precondition lets only one of both take effect. */
  readonly mayResend: boolean;
  readonly key: string;
  readonly resourceVersion: string | undefined;
  /** On the clock that only grows. */
  readonly until: number;
}

/**
 * Pods of which a newer state is on its way, because a write may have taken effect or because another one came in between. An expectation ends
 * with that state, with its Pod, or with its time.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #byUid = new Map<string, Expectation>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** Takes note of how a write failed that had been decided for this state of a Pod; nothing is expected of one that was refused. */
  afterFailure({ metadata }: Pod, { key, error }: { key: string; error: unknown }): void {
    const code = httpCodeOf(error);
    const duration = code === undefined ? WITHOUT_ANSWER : AFTER_ANSWER;
    if (code !== undefined && code < 500 && !isConflict(error)) return;
    const { uid = "", resourceVersion } = metadata;
    const until = this.#clock.monotonic() + duration;
    this.#byUid.set(uid, { key, resourceVersion, until, mayResend: !isConflict(error) });
  }

  /** Whether the write that had been decided for the Pod may be sent again before the outcome is known. */
  mayResend(uid: string): boolean {
    return this.#byUid.get(uid)?.mayResend ?? false;
  }

  /**
   * Drops what has been fulfilled or has expired.
   *
   * @param find the Pod of a key as it is known now
   * @returns the uids of the Pods that are still to be waited for, and for how many milliseconds at most
   */
  open(find: (key: string) => Pod | undefined): { uids: ReadonlySet<string>; wait?: number } {
    const now = this.#clock.monotonic();
    let first = Infinity;
    for (const [uid, { key, resourceVersion, until }] of this.#byUid) {
      const metadata = find(key)?.metadata;
      const isSame = metadata?.uid === uid && metadata.resourceVersion === resourceVersion;
      if (isSame && until > now) first = Math.min(first, until);
      else this.#byUid.delete(uid);
    }
    return first === Infinity
      ? { uids: new Set() }
      : { uids: new Set(this.#byUid.keys()), wait: first - now };
  }
}

import type { Clock } from "../../api/clock.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import { httpCodeOf, isConflict } from "../../kube/errors.ts";

/** Milliseconds: after an answer the watch follows soon; without one, the API server may still process the request. */
const AFTER_ANSWER_MS = 5_000;
const WITHOUT_ANSWER_MS = 30_000;

interface Expectation {
  /** Whether the same write may be sent again: its precondition lets only one of both take effect. */
  readonly mayResend: boolean;
  readonly key: string;
  readonly resourceVersion: string | undefined;
  /** Monotonic. */
  readonly until: number;
}

/**
 * Pods whose newer state has not been seen yet: a write may have taken effect, or conflicted with another one. An
 * expectation ends with that state, with its Pod, or when it expires.
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

  /** Keys of the Pods. */
  *keys(): Iterable<string> {
    for (const { key } of this.#byUid.values()) yield key;
  }

  /** Records a failed write that was decided for this state of a Pod. A refused write creates no expectation. */
  afterFailure({ metadata }: ObservedPod, { key, error }: { key: string; error: unknown }): void {
    const code = httpCodeOf(error);
    const duration = code === undefined ? WITHOUT_ANSWER_MS : AFTER_ANSWER_MS;
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
   * Drops expectations that are fulfilled or expired.
   *
   * @param find the Pod of a key as it is known now
   * @returns the uids of the other Pods, and the milliseconds until the first of them expires
   */
  open(
    find: (key: string) => ObservedPod | undefined,
  ): { uids: ReadonlySet<string>; wait?: number } {
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

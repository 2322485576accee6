import type { Clock } from "../api/clock.ts";
import { backoffDelay } from "../core/backoff.ts";
import { httpCodeOf, retryAfterSecondsOf } from "../kube/errors.ts";

const BACKOFF_MS = { base: 500, max: 300_000 };

interface Failure {
  count: number;
  /** On the clock that only grows: the wall clock may be set back. */
  retryAt: number;
  message: string;
}

/** Failed writes by the uid of their object: each delays only that object, and longer each time. */
export class Failures {
  readonly #clock: Clock;
  readonly #byUid = new Map<string, Failure>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** By uid, the wall-clock time in milliseconds before which not to try again. */
  retryTimes(): Map<string, number> {
    const offset = this.#clock.now().getTime() - this.#clock.monotonic();
    return new Map([...this.#byUid].map(([uid, { retryAt }]) => [uid, retryAt + offset]));
  }

  /** Milliseconds until the first object may be tried again; undefined where none has to wait. */
  get wait(): number | undefined {
    const now = this.#clock.monotonic();
    let first = Infinity;
    for (const { retryAt } of this.#byUid.values()) {
      if (retryAt > now) first = Math.min(first, retryAt);
    }
    return first === Infinity ? undefined : first - now;
  }

  mayTry(uid: string): boolean {
    return (this.#byUid.get(uid)?.retryAt ?? 0) <= this.#clock.monotonic();
  }

  /** What the API server said last of any of them. */
  get example(): string | undefined {
    for (const { message } of this.#byUid.values()) return message;
    return undefined;
  }

  record(uid: string, failure: { error: unknown; message: string }): void {
    const count = (this.#byUid.get(uid)?.count ?? 0) + 1;
    const asked = (retryAfterSecondsOf(failure.error) ?? 0) * 1_000;
    // A conflict is mended by the newer state, which is on its way.
    const failures = httpCodeOf(failure.error) === 409 ? 0 : count - 1;
    const delay = Math.max(asked, backoffDelay(failures, BACKOFF_MS));
    const retryAt = this.#clock.monotonic() + delay;
    this.#byUid.set(uid, { count, retryAt, message: failure.message });
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** Forgets all objects that are not among these. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#byUid.keys()) if (!uids.has(uid)) this.#byUid.delete(uid);
  }
}

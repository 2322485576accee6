import type { Clock } from "../api/clock.ts";
import { type BackoffBounds, jitteredDelay } from "../core/backoff.ts";
import {
  isConflict,
  isServerFault,
  isWebhookFailure,
  retryAfterSecondsOf,
} from "../kube/errors.ts";

/** After a refusal, which is about the object. */
const REFUSED_MS: BackoffBounds = { base: 500, max: 300_000 };
/** After a fault of the API server, which is not: writes go on within seconds of the server's recovery. */
export const FAULT_MS: BackoffBounds = { base: 500, max: 5_000 };
/** The newer state is on its way. */
const CONFLICT_MS: BackoffBounds = { base: 500, max: 500 };
/** Tries with short delays that a release gives: what refuses may learn later than this process what has changed. */
const TRIES_AFTER_RELEASE = 3;

interface Failure {
  /** Refusals in a row. */
  readonly refusals: number;
  /** Faults of the API server in a row. */
  readonly faults: number;
  readonly triesLeft: number;
  /** What was refused together with it is likely to be refused for the same reason. */
  readonly group: string | undefined;
  readonly isRefused: boolean;
  /** On the clock that only grows: the wall clock may be set back. */
  readonly retryAt: number;
  readonly message: string;
}

/** A write that has failed. */
interface FailedWrite {
  readonly error: unknown;
  readonly message: string;
  /** The workload of a Pod. */
  readonly group?: string;
}

interface FailuresOptions {
  readonly clock: Clock;
  /** From 0 to 1, for jitter. @default Math.random */
  random?(): number;
}

/** Failed writes by the uid of their object: each delays only that object, and longer each time. */
export class Failures {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** The one that was tried longest ago comes first. */
  readonly #byUid = new Map<string, Failure>();

  constructor({ clock, random = Math.random }: FailuresOptions) {
    this.#clock = clock;
    this.#random = random;
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

  /** What the API server said of one of them. */
  get example(): string | undefined {
    for (const { message } of this.#byUid.values()) return message;
    return undefined;
  }

  record(uid: string, failed: FailedWrite): void {
    const { refusals = 0, faults = 0, triesLeft = 0 } = this.#byUid.get(uid) ?? {};
    const { error, message, group } = failed;
    const random = this.#random();
    const failure = (delay: number, more: Partial<Failure>): Failure => ({
      ...{ refusals, faults: 0, triesLeft, group, message, isRefused: false },
      retryAt: this.#clock.monotonic() + Math.max(delay, this.#askedMs(error)),
      ...more,
    });
    // Set again, so that it comes last.
    this.#byUid.delete(uid);
    this.#byUid.set(uid, this.#judge(error, { refusals, faults, triesLeft, random, failure }));
  }

  #judge(
    error: unknown,
    { refusals, faults, triesLeft, random, failure }:
      & Pick<Failure, "refusals" | "faults" | "triesLeft">
      & { random: number; failure: (delay: number, more: Partial<Failure>) => Failure },
  ): Failure {
    if (isConflict(error)) return failure(jitteredDelay(0, CONFLICT_MS, random), {});
    if (isServerFault(error) || isWebhookFailure(error)) {
      return failure(jitteredDelay(faults, FAULT_MS, random), { faults: faults + 1 });
    }
    if (triesLeft > 0) {
      const delay = jitteredDelay(TRIES_AFTER_RELEASE - triesLeft, REFUSED_MS, random);
      return failure(delay, { isRefused: true, triesLeft: triesLeft - 1 });
    }
    const delay = jitteredDelay(refusals, REFUSED_MS, random);
    return failure(delay, { isRefused: true, refusals: refusals + 1 });
  }

  /** How long the API server asks to wait, in milliseconds; not longer than it would take without that. */
  #askedMs(error: unknown): number {
    const { max } = isServerFault(error) ? FAULT_MS : REFUSED_MS;
    return Math.min(max, (retryAfterSecondsOf(error) ?? 0) * 1_000);
  }

  /**
   * Lets one refused write be retried at once, because what refuses it may allow it now. Takes the one that was tried
   * longest ago: of the group, or where it has none of all.
   */
  release(group: string | undefined): void {
    const now = this.#clock.monotonic();
    let found: string | undefined;
    for (const [uid, { isRefused, retryAt, group: other }] of this.#byUid) {
      if (!isRefused || retryAt <= now) continue;
      if (other === group) {
        found = uid;
        break;
      }
      found ??= uid;
    }
    const failure = this.#byUid.get(found ?? "");
    if (found === undefined || failure === undefined) return;
    this.#byUid.set(found, { ...failure, retryAt: now, triesLeft: TRIES_AFTER_RELEASE });
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  /** Forgets all objects that are not among these. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#byUid.keys()) if (!uids.has(uid)) this.#byUid.delete(uid);
  }
}

/** How many Pods of a SidecarSet there are, and how many of them are not at its current revision. */
interface Shares {
  readonly matched: number;
  readonly pinned: number;
}

/** Monotonic injection times in milliseconds, oldest first. */
interface Expected {
  readonly current: number[];
  readonly pinned: number[];
}

/** After this time, an injected Pod was not stored: another webhook or the API server refused it. */
const EXPIRY_MS = 10_000;

/**
 * Pods that this process has injected and that the watch has not sent yet: Pods can be created faster than it sends
 * them.
 */
export class ExpectedPods {
  readonly #bySidecarSet = new Map<string, Expected>();

  /** @param at when the Pod was injected, in monotonic milliseconds */
  add(sidecarSet: string, { pinned, at }: { pinned: boolean; at: number }): void {
    const expected = this.#bySidecarSet.get(sidecarSet) ?? { current: [], pinned: [] };
    this.#bySidecarSet.set(sidecarSet, expected);
    queueOf(expected, pinned).push(at);
  }

  /** The watch has sent a Pod; it counts as the oldest expected one of its kind. */
  arrived(sidecarSet: string, pinned: boolean): void {
    const expected = this.#bySidecarSet.get(sidecarSet);
    if (!expected) return;
    queueOf(expected, pinned).shift();
    this.#forgetEmpty(sidecarSet, expected);
  }

  /** Counts of the Pods that are still expected. */
  of(sidecarSet: string, now: number): Shares {
    const expected = this.#bySidecarSet.get(sidecarSet);
    if (!expected) return { matched: 0, pinned: 0 };
    const { current, pinned } = expected;
    for (const queue of [current, pinned]) {
      while (now - (queue[0] ?? now) >= EXPIRY_MS) queue.shift();
    }
    this.#forgetEmpty(sidecarSet, expected);
    return { matched: current.length + pinned.length, pinned: pinned.length };
  }

  #forgetEmpty(sidecarSet: string, { current, pinned }: Expected): void {
    if (current.length + pinned.length === 0) this.#bySidecarSet.delete(sidecarSet);
  }
}

function queueOf(expected: Expected, pinned: boolean): number[] {
  return pinned ? expected.pinned : expected.current;
}

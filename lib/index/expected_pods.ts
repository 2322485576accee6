/** How many Pods of a SidecarSet there are, and how many of them are not at its current revision. */
export interface Shares {
  readonly matched: number;
  readonly pinned: number;
}

/** When Pods were injected, on the clock that only grows; oldest first. */
interface Awaited {
  readonly current: number[];
  readonly pinned: number[];
}

/** Milliseconds after which a Pod was not stored after all: something else has refused it. */
const GIVEN_UP_AFTER = 10_000;

/** Pods that this process has injected and that no watch has told of yet: many are created faster than a watch tells. */
export class ExpectedPods {
  readonly #bySidecarSet = new Map<string, Awaited>();

  add(sidecarSet: string, { pinned, at }: { pinned: boolean; at: number }): void {
    const awaited = this.#bySidecarSet.get(sidecarSet) ?? { current: [], pinned: [] };
    this.#bySidecarSet.set(sidecarSet, awaited);
    queueOf(awaited, pinned).push(at);
  }

  /** A watch has told of a Pod; it is taken for the one of its kind that has been awaited longest. */
  arrived(sidecarSet: string, pinned: boolean): void {
    const awaited = this.#bySidecarSet.get(sidecarSet);
    if (!awaited) return;
    queueOf(awaited, pinned).shift();
    this.#forgetEmpty(sidecarSet, awaited);
  }

  of(sidecarSet: string, now: number): Shares {
    const awaited = this.#bySidecarSet.get(sidecarSet);
    if (!awaited) return { matched: 0, pinned: 0 };
    const { current, pinned } = awaited;
    for (const queue of [current, pinned]) {
      while (now - (queue[0] ?? now) >= GIVEN_UP_AFTER) queue.shift();
    }
    this.#forgetEmpty(sidecarSet, awaited);
    return { matched: current.length + pinned.length, pinned: pinned.length };
  }

  #forgetEmpty(sidecarSet: string, { current, pinned }: Awaited): void {
    if (current.length + pinned.length === 0) this.#bySidecarSet.delete(sidecarSet);
  }
}

function queueOf(awaited: Awaited, pinned: boolean): number[] {
  return pinned ? awaited.pinned : awaited.current;
}

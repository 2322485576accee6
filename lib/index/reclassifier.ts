import type { PreparedSidecarSet } from "../core/prepared.ts";
import { canaryBaseOf } from "../core/canary.ts";
import type { ChangeFeed } from "./changes.ts";
import type { PodIndex } from "./pods.ts";
import type { ClassChange } from "./reclassification.ts";
import { classifiesAlike, sameSelection, selectsAlike } from "./selection_times.ts";

/** How long work is divided, so that admissions do not wait for all of it. */
export interface Slices {
  /** Pods per slice. */
  readonly pods: number;
  /** Whether a first slice may be done at once. */
  hasTime(): boolean;
  /** Does one part of the work. A failure is logged, and does not stop the rest. */
  attempt(part: () => void): void;
  /** Calls the work later, again and again until it returns false. */
  run(work: () => boolean): void;
}

/** All work in one slice. */
export const UNDIVIDED: Slices = {
  pods: Infinity,
  hasTime: () => true,
  attempt: (part) => part(),
  run(work) {
    while (work());
  },
};

interface ReclassifierOptions {
  readonly pods: PodIndex;
  readonly changes: ChangeFeed;
  readonly slices: Slices;
}

/**
 * Classifies Pods again after a change that can concern many: a first slice at once, the rest in later ones. Changes
 * are published at once; where slices are left, a further change names the SidecarSets when the last one is done.
 */
export class Reclassifier {
  readonly #options: ReclassifierOptions;

  constructor(options: ReclassifierOptions) {
    this.#options = options;
  }

  /** @returns see {@linkcode Reclassifier.add} */
  updated(before: PreparedSidecarSet | undefined, after: PreparedSidecarSet): Set<string> {
    const { name } = after;
    if (before === undefined) return this.add({ names: namesOf(after), fresh: name });
    if (classifiesAlike(before, after)) return new Set();
    // Every selected Pod has a class, unless it has terminated, which no change of a SidecarSet can undo.
    if (selectsAlike(before, after)) {
      return this.add({ names: [name], keys: this.#options.pods.classesOf(name) });
    }
    const fresh = sameSelection(before, after) ? undefined : name;
    return this.add({ names: [...namesOf(before), ...namesOf(after)], fresh });
  }

  /** @returns see {@linkcode Reclassifier.add} */
  deleted(before: PreparedSidecarSet): Set<string> {
    const names = namesOf(before);
    // Pods that a canary selects may have no class for it: two can be each other's canary.
    if (names.length > 1) return this.add({ names });
    return this.add({ names, keys: this.#options.pods.classesOf(before.name) });
  }

  /** @returns the SidecarSets whose Pods changed their class, if all of them are known */
  add(change: ClassChange): Set<string> {
    const { pods: { reclassification, size }, changes, slices } = this.#options;
    if (size === 0 || change.keys?.size === 0) return new Set();
    const isRunning = !reclassification.isComplete;
    reclassification.add(change);
    if (isRunning) return new Set();
    const sidecarSets = slices.hasTime() ? this.#next(slices.pods) : undefined;
    if (sidecarSets !== undefined) return sidecarSets;
    slices.run(() => {
      const classified = this.#next(slices.pods);
      if (classified) changes.publish({ kind: "classification", sidecarSets: classified });
      return !reclassification.isComplete;
    });
    return new Set();
  }

  /**
   * Classifies all that is left at once.
   *
   * @returns the SidecarSets whose Pods changed their class
   */
  finish(): Set<string> {
    let sidecarSets = new Set<string>();
    while (!this.#options.pods.reclassification.isComplete) {
      sidecarSets = sidecarSets.union(this.#next(Infinity) ?? new Set());
    }
    return sidecarSets;
  }

  #next(maxPods: number): Set<string> | undefined {
    const { pods, slices } = this.#options;
    return pods.reclassification.work(maxPods, (key) => slices.attempt(() => pods.reclassify(key)));
  }
}

/** A SidecarSet, and the base from which it takes Pods. */
function namesOf(prepared: PreparedSidecarSet): string[] {
  const base = canaryBaseOf(prepared.sidecarSet);
  return base === undefined ? [prepared.name] : [prepared.name, base];
}

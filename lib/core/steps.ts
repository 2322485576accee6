/**
 * A long computation that pauses after every few items, so that its caller decides when it goes on: at once, or after
 * something more urgent. It reads immutable objects; what may change meanwhile is read in its last step.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Items per step of computations that read one Pod at a time. */
export const STEP_ITEMS = 50;
/** Sorting an item is much cheaper than reading a Pod. */
const SORTED_ITEMS = 1_000;

/** Runs a computation at once. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Maps items; pauses between them. */
export function* mapInSteps<T, R>(items: Iterable<T>, map: (item: T) => R): Steps<R[]> {
  const mapped: R[] = [];
  yield* forEachInSteps(items, (item) => void mapped.push(map(item)));
  return mapped;
}

/** The items that fulfil a condition; pauses between them. */
export function* filterInSteps<T>(
  items: Iterable<T>,
  isKept: (item: T) => boolean,
  itemsPerStep = STEP_ITEMS,
): Steps<T[]> {
  const kept: T[] = [];
  yield* forEachInSteps(items, (item) => {
    if (isKept(item)) kept.push(item);
  }, itemsPerStep);
  return kept;
}

/**
 * Visits items; pauses between them.
 *
 * @param itemsPerStep fewer where an item takes long, more where it is cheap
 */
export function* forEachInSteps<T>(
  items: Iterable<T>,
  visit: (item: T) => void,
  itemsPerStep = STEP_ITEMS,
): Steps<void> {
  let visited = 0;
  for (const item of items) {
    if (visited++ % itemsPerStep === itemsPerStep - 1) yield;
    visit(item);
  }
}

/** A sorted copy; equal items keep their order. A merge sort, because the built-in one cannot pause. */
export function* sortInSteps<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<T[]> {
  let runs: T[][] = [];
  for (let first = 0; first < items.length; first += SORTED_ITEMS) {
    if (first > 0) yield;
    runs.push(items.slice(first, first + SORTED_ITEMS).sort(compare));
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* mergeInSteps(runs[i] ?? [], runs[i + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeInSteps<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<T[]> {
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    if (merged.length % SORTED_ITEMS === SORTED_ITEMS - 1) yield;
    const [a, b] = [left[l], right[r]];
    const takesLeft = r >= right.length ||
      (l < left.length && compare(a as T, b as T) <= 0);
    merged.push((takesLeft ? a : b) as T);
    if (takesLeft) l++;
    else r++;
  }
  return merged;
}

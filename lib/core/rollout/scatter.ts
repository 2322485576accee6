import { ownMember } from "../../api/json.ts";
import type { Labels } from "../../api/meta.ts";
import { forEachInSteps, mapInSteps, sortInSteps, type Steps } from "../steps.ts";

/** Maximum number of comparisons, as each term compares each waiting item. They take a fraction of a second. */
const MAX_COMPARISONS = 20_000_000;
/** Comparing a label is much cheaper than reading a Pod. */
const ITEMS_PER_STEP = 1_000;

/** A label and its value; `*` means every value. */
interface ScatterTerm {
  readonly key: string;
  readonly value: string;
}

interface ScatterOptions<T> {
  /** All items, including updated ones: the result approximates their shares of the labels. */
  readonly all: Iterable<T>;
  labelsOf(item: T): Labels;
}

/**
 * Spreads the waiting items with a label evenly among the others, with one of them last, so that every part of an
 * update includes items with and without the label.
 * Source: `pkg/util/updatesort/scatter_sort.go`.
 */
export function* scatter<T>(
  waiting: readonly T[],
  terms: readonly ScatterTerm[],
  { all, labelsOf }: ScatterOptions<T>,
): Steps<readonly T[]> {
  const labels = yield* mapInSteps(all, labelsOf);
  const expanded = yield* expandTerms(terms, labels);
  const total = yield* countMatches(expanded, labels);
  let items = waiting;
  for (const term of yield* effectiveTerms(expanded, yield* mapInSteps(waiting, labelsOf))) {
    const matching = total.get(idOf(term)) ?? 0;
    items = yield* scatterByTerm(items, (item) => matches(labelsOf(item), term), {
      matching,
      others: labels.length - matching,
    });
  }
  return items;
}

function matches(labels: Labels, term: ScatterTerm): boolean {
  return ownMember(labels, term.key) === term.value;
}

function idOf({ key, value }: ScatterTerm): string {
  return JSON.stringify([key, value]);
}

/** Replaces `*` by the existing values in order of occurrence, each term once. */
function* expandTerms(
  terms: readonly ScatterTerm[],
  all: readonly Labels[],
): Steps<ScatterTerm[]> {
  const expanded = new Map<string, ScatterTerm>();
  const add = (term: ScatterTerm) => {
    const id = idOf(term);
    if (!expanded.has(id)) expanded.set(id, term);
  };
  for (const { key, value } of terms) {
    if (value !== "*") {
      add({ key, value });
      continue;
    }
    yield* forEachInSteps(all, (labels) => {
      const found = ownMember(labels, key);
      if (found !== undefined) add({ key, value: found });
    }, ITEMS_PER_STEP);
  }
  return [...expanded.values()];
}

/** Number of these labels that match each term, by its id. One pass, regardless of the number of terms. */
function* countMatches(
  terms: readonly ScatterTerm[],
  all: readonly Labels[],
): Steps<ReadonlyMap<string, number>> {
  const counts = new Map(terms.map((term) => [idOf(term), 0]));
  const keys = new Set(terms.map(({ key }) => key));
  yield* forEachInSteps(all, (labels) => {
    for (const key of keys) {
      const value = ownMember(labels, key);
      const id = value === undefined ? "" : idOf({ key, value });
      const count = counts.get(id);
      if (count !== undefined) counts.set(id, count + 1);
    }
  }, ITEMS_PER_STEP);
  return counts;
}

/**
 * Terms that can change the order, most common first; a single term is returned unchanged. Terms with fewer than
 * two matching items have no effect, and beyond the maximum the rarest are dropped.
 */
function* effectiveTerms(
  terms: readonly ScatterTerm[],
  waiting: readonly Labels[],
): Steps<ScatterTerm[]> {
  if (terms.length <= 1) return [...terms];
  const counts = yield* countMatches(terms, waiting);
  const counted = terms
    .map((term) => ({ term, count: counts.get(idOf(term)) ?? 0 }))
    .filter(({ count }) => count > 1);
  const sorted = yield* sortInSteps(counted, (a, b) => b.count - a.count);
  return sorted.slice(0, Math.ceil(MAX_COMPARISONS / waiting.length)).map(({ term }) => term);
}

/** Numbers of items with and without the label. */
interface Shares {
  readonly matching: number;
  readonly others: number;
}

function* scatterByTerm<T>(
  items: readonly T[],
  isMatch: (item: T) => boolean,
  total: Shares,
): Steps<readonly T[]> {
  const matching: T[] = [];
  const others: T[] = [];
  yield* forEachInSteps(
    items,
    (item) => void (isMatch(item) ? matching : others).push(item),
    ITEMS_PER_STEP,
  );
  const last = matching.pop();
  if (last === undefined || matching.length === 0 || others.length <= 1) return items;
  const { size, repeats } = groups(
    { matching: matching.length, others: others.length },
    { matching: total.matching - 1, others: total.others },
  );
  let other = repeats === undefined ? 0 : others.length - repeats * size.others;
  const scattered = others.slice(0, other);
  let match = 0;
  for (let n = repeats ?? Math.min(matching.length, others.length); n > 0; n--) {
    const [matchesEnd, othersEnd] = [match + size.matching, other + size.others];
    for (const item of matching.slice(match, matchesEnd)) scattered.push(item);
    for (const item of others.slice(other, othersEnd)) scattered.push(item);
    [match, other] = [matchesEnd, othersEnd];
  }
  return [...scattered, ...matching.slice(match), ...others.slice(other), last];
}

/**
 * The repeated group. If items with the label are over-represented among the waiting ones, the group has the shares
 * of all items, and the surplus comes first.
 */
function groups(waiting: Shares, total: Shares): { size: Shares; repeats?: number } {
  if (total.others / total.matching >= waiting.others / waiting.matching) {
    return { size: groupSize(waiting) };
  }
  const size = groupSize(total);
  const repeats = Math.min(
    Math.floor(waiting.matching / size.matching),
    Math.floor(waiting.others / size.others),
  );
  return { size, repeats };
}

function groupSize({ matching, others }: Shares): Shares {
  const repeats = Math.min(matching, others);
  return { matching: Math.round(matching / repeats), others: Math.round(others / repeats) };
}

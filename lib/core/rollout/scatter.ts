import type { Labels } from "../../api/meta.ts";

/** A label with its value; `*` stands for each value there is. */
export interface ScatterTerm {
  readonly key: string;
  readonly value: string;
}

export interface ScatterOptions<T> {
  /** All items, also those that no longer wait: their shares of the labels are what the result approaches. */
  readonly all: Iterable<T>;
  labelsOf(item: T): Labels;
}

/**
 * Spreads the waiting items with a label evenly among the others, and one of them to the very end, so that every
 * part of an update meets items with and without the label.
 * Source: `pkg/util/updatesort/scatter_sort.go`.
 */
export function scatter<T>(
  waiting: readonly T[],
  terms: readonly ScatterTerm[],
  options: ScatterOptions<T>,
): readonly T[] {
  const all = [...options.all].map((item) => options.labelsOf(item));
  const expanded = expandTerms(terms, all);
  let items = waiting;
  for (const term of effectiveTerms(expanded, waiting.map((item) => options.labelsOf(item)))) {
    const matching = all.filter((labels) => matches(labels, term)).length;
    items = scatterByTerm(items, (item) => matches(options.labelsOf(item), term), {
      matching,
      others: all.length - matching,
    });
  }
  return items;
}

function matches(labels: Labels, term: ScatterTerm): boolean {
  return Object.hasOwn(labels, term.key) && labels[term.key] === term.value;
}

/** Replaces `*` by the values that occur, in the order in which they occur, each term once. */
function expandTerms(terms: readonly ScatterTerm[], all: readonly Labels[]): ScatterTerm[] {
  const expanded = new Map<string, ScatterTerm>();
  const add = (key: string, value: string) => {
    const id = JSON.stringify([key, value]);
    if (!expanded.has(id)) expanded.set(id, { key, value });
  };
  for (const { key, value } of terms) {
    if (value !== "*") {
      add(key, value);
      continue;
    }
    for (const labels of all) {
      const found = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (found !== undefined) add(key, found);
    }
  }
  return [...expanded.values()];
}

/** Of several terms those that match something, the commonest first; a single one as it is. */
function effectiveTerms(terms: readonly ScatterTerm[], waiting: readonly Labels[]): ScatterTerm[] {
  if (terms.length <= 1) return [...terms];
  return terms
    .map((term) => ({ term, count: waiting.filter((labels) => matches(labels, term)).length }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ term }) => term);
}

/** How many items have the label, and how many have not. */
interface Shares {
  readonly matching: number;
  readonly others: number;
}

function scatterByTerm<T>(
  items: readonly T[],
  isMatch: (item: T) => boolean,
  total: Shares,
): readonly T[] {
  const matching = items.filter(isMatch);
  const others = items.filter((item) => !isMatch(item));
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
    scattered.push(...matching.slice(match, match + size.matching));
    scattered.push(...others.slice(other, other + size.others));
    match += size.matching;
    other += size.others;
  }
  return [...scattered, ...matching.slice(match), ...others.slice(other), last];
}

/**
 * The group that is repeated. Where items with the label are over-represented among the waiting, the group has the
 * shares of all items instead, and the surplus goes in front.
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

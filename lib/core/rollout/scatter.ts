import { ownMember } from "../../api/json.ts";
import type { Labels } from "../../api/meta.ts";

/** Each term looks at each waiting item: so many looks take a fraction of a second, in which no admission is answered. */
const MOST_STEPS = 20_000_000;

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
  { all, labelsOf }: ScatterOptions<T>,
): readonly T[] {
  const labels = [...all].map(labelsOf);
  const expanded = expandTerms(terms, labels);
  const total = countMatches(expanded, labels);
  let items = waiting;
  for (const term of effectiveTerms(expanded, waiting.map(labelsOf))) {
    const matching = total.get(idOf(term)) ?? 0;
    items = scatterByTerm(items, (item) => matches(labelsOf(item), term), {
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

/** Replaces `*` by the values that occur, in the order in which they occur, each term once. */
function expandTerms(terms: readonly ScatterTerm[], all: readonly Labels[]): ScatterTerm[] {
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
    for (const labels of all) {
      const found = ownMember(labels, key);
      if (found !== undefined) add({ key, value: found });
    }
  }
  return [...expanded.values()];
}

/** How many of these labels match each term, by its id; as many terms as there are values cost no more than one. */
function countMatches(
  terms: readonly ScatterTerm[],
  all: readonly Labels[],
): ReadonlyMap<string, number> {
  const counts = new Map(terms.map((term) => [idOf(term), 0]));
  const keys = new Set(terms.map(({ key }) => key));
  for (const labels of all) {
    for (const key of keys) {
      const value = ownMember(labels, key);
      const id = value === undefined ? "" : idOf({ key, value });
      const count = counts.get(id);
      if (count !== undefined) counts.set(id, count + 1);
    }
  }
  return counts;
}

/**
 * Of several terms those that can change the order, the commonest first; a single one as it is. What fewer than two items match changes nothing,
 * and where there are too many others, the rarest are left out.
 */
function effectiveTerms(terms: readonly ScatterTerm[], waiting: readonly Labels[]): ScatterTerm[] {
  if (terms.length <= 1) return [...terms];
  const counts = countMatches(terms, waiting);
  return terms
    .map((term) => ({ term, count: counts.get(idOf(term)) ?? 0 }))
    .filter(({ count }) => count > 1)
    .sort((a, b) => b.count - a.count)
    .slice(0, Math.ceil(MOST_STEPS / waiting.length))
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
    const [matchesEnd, othersEnd] = [match + size.matching, other + size.others];
    for (const item of matching.slice(match, matchesEnd)) scattered.push(item);
    for (const item of others.slice(other, othersEnd)) scattered.push(item);
    [match, other] = [matchesEnd, othersEnd];
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

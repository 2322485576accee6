import type { LabelSelector } from "../../api/meta.ts";
import { type Requirement, requirementsOf } from "../select/label_selector.ts";
import { forEachInSteps, mapInSteps, runAtOnce, type Steps } from "../steps.ts";

/**
 * Limits of one CEL expression, measured on kube-apiserver 1.37. At the first use, a chain of 50 clauses compiles
 * in 30 ms and 300 requirements in 180 ms, while the Pod waits; 3,000 values in one list take 15 ms.
 */
export const MAX_CLAUSES = 50;
export const MAX_REQUIREMENTS = 300;
export const MAX_VALUES = 3_000;
/** The API server refuses an expression above 100,000 characters, and so the whole configuration. */
export const MAX_CHARACTERS = 90_000;

/** Scope of an expression: exact, label keys only, or all Pods. */
type ScopeWidth = "Selectors" | "LabelKeys" | "Everything";

/** Condition of a webhook entry over Pods. */
export interface Scope {
  readonly width: ScopeWidth;
  /** CEL over `object`; absent if it matches every Pod. */
  readonly expression?: string;
  /** Indexes of the covered selectors; all of them unless `widen` is false. */
  readonly covered: ReadonlySet<number>;
}

const LABELS = "object.metadata.labels";
/** Length of parentheses and operator, or of the list syntax. */
const AROUND_CLAUSE = 8;

/**
 * Writes a CEL expression that is true for Pods that match any of the selectors. Every label access is guarded, as
 * an error in a match condition refuses the Pod under `failurePolicy: Fail`.
 *
 * @param selectors Label selectors; one without requirements matches every Pod.
 * @param options `widen`: match more Pods beyond the limits instead of omitting selectors.
 */
export function scopeOf(selectors: readonly LabelSelector[], options: { widen: boolean }): Scope {
  return runAtOnce(scopeInSteps(selectors, options));
}

/** As {@linkcode scopeOf}, in steps. */
export function* scopeInSteps(
  selectors: readonly LabelSelector[],
  options: { widen: boolean },
): Steps<Scope> {
  const all = new Set(selectors.keys());
  const terms = yield* mapInSteps(selectors, requirementsOf);
  if (terms.some((requirements) => requirements.length === 0)) {
    return { width: "Everything", covered: all };
  }
  const exact = yield* exactScope(terms);
  if (exact.covered.size === terms.length || !options.widen) return exact;
  return (yield* keyScope(terms)) ?? { width: "Everything", covered: all };
}

/** Merges selectors with a single `In` requirement on the same key; every other selector is a separate clause. */
function* exactScope(terms: readonly (readonly Requirement[])[]): Steps<Scope> {
  const folded = new Map<string, Set<string>>();
  const clauses: { text: string; labelled: boolean }[] = [];
  const covered = new Set<number>();
  const room = new Room();
  yield* forEachInSteps(terms.entries(), ([index, requirements]) => {
    const [only] = requirements;
    if (only && requirements.length === 1 && only.operator === "In") {
      const values = folded.get(only.key);
      const added = only.values.filter((value) => !values?.has(value));
      const text = values ? added.map(quote).join(", ") : requirementText(only);
      const clause = values ? 0 : 1;
      if (!room.take({ clauses: clause, requirements: clause, values: added.length, text })) {
        return;
      }
      if (!values) folded.set(only.key, new Set(added));
      else for (const value of added) values.add(value);
    } else {
      const values = requirements.reduce((sum, each) => sum + each.values.length, 0);
      const text = requirements.map((each) => requirementText(each)).join(" && ");
      if (!room.take({ clauses: 1, requirements: requirements.length, values, text })) return;
      clauses.push({
        text,
        labelled: requirements.some(({ operator }) => operator === "In" || operator === "Exists"),
      });
    }
    covered.add(index);
  });
  for (const [key, values] of folded) {
    const text = requirementText({ key, operator: "In", values: [...values] });
    clauses.push({ text, labelled: true });
  }
  return { width: "Selectors", expression: joinClauses(clauses), covered };
}

/** Remaining room within the limits of one expression. */
class Room {
  #clauses = MAX_CLAUSES;
  #requirements = MAX_REQUIREMENTS;
  #values = MAX_VALUES;
  #characters = MAX_CHARACTERS;

  /** Takes the room and returns true, if there is enough. */
  take(clause: { clauses: number; requirements: number; values: number; text: string }): boolean {
    const characters = clause.text.length + AROUND_CLAUSE;
    if (
      clause.clauses > this.#clauses || clause.requirements > this.#requirements ||
      clause.values > this.#values || characters > this.#characters
    ) return false;
    this.#clauses -= clause.clauses;
    this.#requirements -= clause.requirements;
    this.#values -= clause.values;
    this.#characters -= characters;
    return true;
  }
}

function* keyScope(terms: readonly (readonly Requirement[])[]): Steps<Scope | undefined> {
  const keys = new Set<string>();
  let isNarrow = true;
  yield* forEachInSteps(terms, (requirements) => {
    const needed = requirements.find(({ operator }) => operator === "In" || operator === "Exists");
    if (needed) keys.add(needed.key);
    else isNarrow = false;
  });
  if (!isNarrow) return undefined;
  if (keys.size > MAX_CLAUSES) return undefined;
  const clauses = [...keys].map((key) => ({
    text: requirementText({ key, operator: "Exists", values: [] }),
    labelled: true,
  }));
  return { width: "LabelKeys", expression: joinClauses(clauses), covered: new Set(terms.keys()) };
}

/** For an unlabelled Pod, a clause that requires a label is false, and one that only excludes labels is true. */
function joinClauses(clauses: readonly { text: string; labelled: boolean }[]): string {
  const labelled = clauses.filter((clause) => clause.labelled).map(({ text }) => `(${text})`);
  const others = clauses.filter((clause) => !clause.labelled).map(({ text }) => `(${text})`);
  const parts: string[] = [];
  if (others.length > 0) parts.push(`!has(${LABELS})`, ...others);
  if (labelled.length > 0) {
    parts.push(
      others.length > 0 ? labelled.join(" || ") : `has(${LABELS}) && (${labelled.join(" || ")})`,
    );
  }
  return parts.length === 0 ? "false" : parts.join(" || ");
}

/**
 * The CEL condition of one requirement.
 *
 * @param labels CEL of a map that is not absent
 */
export function requirementText(
  { key, operator, values }: Requirement,
  labels: string = LABELS,
): string {
  const has = `${quote(key)} in ${labels}`;
  const value = `${labels}[${quote(key)}]`;
  const [first] = values;
  const listed = values.length === 1 && first !== undefined
    ? `${value} == ${quote(first)}`
    : `${value} in [${values.map(quote).join(", ")}]`;
  switch (operator) {
    case "In":
      return `${has} && ${listed}`;
    case "NotIn":
      return `(!(${has}) || !(${listed}))`;
    case "Exists":
      return has;
    default:
      return `!(${has})`;
  }
}

/** A CEL string literal. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

import type { LabelSelector } from "../../api/meta.ts";
import { type Requirement, requirementsOf } from "../select/requirements.ts";

/**
 * Limits of one CEL expression, from measuring kube-apiserver 1.37: a chain of 50 clauses compiles in 30 ms at its first use and 100 in 180 ms,
 * while the first Pod waits; 3,000 values of one list take 15 ms and 10,000 are refused.
 */
export const MAX_CLAUSES = 50;
export const MAX_VALUES = 3_000;

/** How narrow an expression is: exact, the label keys alone, or not narrowed at all. */
export type ScopeWidth = "Selectors" | "LabelKeys" | "Everything";

export interface Scope {
  readonly width: ScopeWidth;
  /** CEL over `object`; absent when every Pod passes. */
  readonly expression?: string;
  /** Indexes of the selectors that the expression covers; all of them unless `widen` was false. */
  readonly covered: ReadonlySet<number>;
}

const LABELS = "object.metadata.labels";

/**
 * Writes one CEL expression that is true for the Pods that any of the selectors matches. Every label access is guarded: an error in a match
 * condition would refuse the Pod under `failurePolicy: Fail`.
 *
 * @param selectors Label selectors; one without requirements matches every Pod.
 * @param options `widen`: past the limits pass more Pods instead of leaving selectors out.
 */
export function scopeOf(selectors: readonly LabelSelector[], options: { widen: boolean }): Scope {
  const all = new Set(selectors.keys());
  const terms = selectors.map(requirementsOf);
  if (terms.some((requirements) => requirements.length === 0)) {
    return { width: "Everything", covered: all };
  }
  const exact = exactScope(terms);
  if (exact.covered.size === terms.length || !options.widen) return exact;
  return keyScope(terms) ?? { width: "Everything", covered: all };
}

/** Selectors of one `In` requirement on the same key become one list; each other selector is a clause of its own. */
function exactScope(terms: readonly (readonly Requirement[])[]): Scope {
  const folded = new Map<string, Set<string>>();
  const clauses: { text: string; labelled: boolean }[] = [];
  const covered = new Set<number>();
  let size = 0;
  for (const [index, requirements] of terms.entries()) {
    const [only] = requirements;
    if (only && requirements.length === 1 && only.operator === "In") {
      const values = folded.get(only.key);
      const added = only.values.filter((value) => !values?.has(value));
      if (!values && folded.size + clauses.length >= MAX_CLAUSES) continue;
      if (size + added.length > MAX_VALUES) continue;
      folded.set(only.key, new Set([...values ?? [], ...added]));
      size += added.length;
    } else {
      const length = requirements.reduce((sum, { values }) => sum + values.length, 0);
      if (folded.size + clauses.length >= MAX_CLAUSES || size + length > MAX_VALUES) continue;
      size += length;
      clauses.push({
        text: requirements.map(requirementText).join(" && "),
        labelled: requirements.some(({ operator }) => operator === "In" || operator === "Exists"),
      });
    }
    covered.add(index);
  }
  for (const [key, values] of folded) {
    const text = requirementText({ key, operator: "In", values: [...values] });
    clauses.push({ text, labelled: true });
  }
  return { width: "Selectors", expression: joinClauses(clauses), covered };
}

function keyScope(terms: readonly (readonly Requirement[])[]): Scope | undefined {
  const keys = new Set<string>();
  for (const requirements of terms) {
    const needed = requirements.find(({ operator }) => operator === "In" || operator === "Exists");
    if (!needed) return undefined;
    keys.add(needed.key);
  }
  if (keys.size > MAX_CLAUSES) return undefined;
  const clauses = [...keys].map((key) => ({
    text: requirementText({ key, operator: "Exists", values: [] }),
    labelled: true,
  }));
  return { width: "LabelKeys", expression: joinClauses(clauses), covered: new Set(terms.keys()) };
}

/** A clause that needs a label is false for an unlabelled Pod; one that only rules labels out is true for it. */
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

function requirementText({ key, operator, values }: Requirement): string {
  const has = `${quote(key)} in ${LABELS}`;
  const value = `${LABELS}[${quote(key)}]`;
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

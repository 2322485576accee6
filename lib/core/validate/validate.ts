import { type FieldProblem, TOO_DEEP } from "../../api/field_problem.ts";
import { isObject, isTooDeep } from "../../api/json.ts";
import { readAs, withoutNulls } from "../../api/read.ts";
import { type SidecarSet, sidecarSet } from "../../api/sidecarset.ts";
import { checkCanary } from "./canary.ts";
import { checkCleanup } from "./cleanup.ts";
import { checkConflicts } from "./conflicts.ts";
import { Field } from "./field.ts";
import { checkImmutability } from "./immutability.ts";
import type { Rule, Subject, ValidationInput } from "./input.ts";
import { checkMetadata } from "./metadata.ts";
import { checkAllowedAnnotations, checkPatchPodMetadata } from "./patch_pod_metadata.ts";
import { checkPinnedRevision } from "./pinned_revision.ts";
import { checkSelectors } from "./selectors.ts";
import { checkSidecars } from "./sidecars.ts";
import { checkUpdateStrategy } from "./strategy.ts";

/** What a SidecarSet must be by itself. */
const OWN_RULES: readonly Rule[] = [
  checkMetadata,
  checkSelectors,
  checkUpdateStrategy,
  checkSidecars,
  checkCleanup,
  checkPatchPodMetadata,
];

/** What else somebody who writes it must keep to: it depends on other objects, or on what was stored before. */
const WRITE_RULES: readonly Rule[] = [
  checkCanary,
  checkPinnedRevision,
  checkAllowedAnnotations,
  checkImmutability,
  checkConflicts,
];

/**
 * Everything that is wrong with a SidecarSet: its schema, its own rules, its parts as parts of a Pod, and conflicts with the
 * other SidecarSets of the cluster. Pure; no input makes it throw.
 *
 * @returns the problems, each with its field and how to mend it; empty when the SidecarSet is allowed.
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating`
 */
export function validateSidecarSet(input: ValidationInput): FieldProblem[] {
  const { object } = input;
  if (!isObject(object)) {
    return [{
      reason: "FieldValueTypeInvalid",
      field: "",
      message: "must be an object with metadata and spec",
    }];
  }
  if (isTooDeep(object)) return [TOO_DEEP];
  const cleaned = withoutNulls(object);
  const read = readAs(sidecarSet, cleaned);
  const rules = [...OWN_RULES, ...WRITE_RULES];
  const problems = problemsBy(rules, {
    object: cleaned,
    sidecarSet: read.ok ? read.value : undefined,
    input,
  });
  // A rule says better than the schema how to mend a field, so the schema speaks of the others.
  const told = new Set(problems.map(({ field }) => field));
  const schemaProblems = read.ok ? [] : read.problems.filter(({ field }) => !told.has(field));
  return tidied([...problems, ...schemaProblems]);
}

/**
 * What is wrong with a SidecarSet by itself, whatever else is in the cluster: with this it cannot be injected, even where it is
 * stored already.
 *
 * @param sidecarSet with its defaults applied, read by its schema
 */
export function validateStoredSidecarSet(sidecarSet: SidecarSet): FieldProblem[] {
  const input: ValidationInput = {
    operation: "CREATE",
    object: sidecarSet,
    others: [],
    revisions: [],
    requireAllowList: false,
  };
  return tidied(problemsBy(OWN_RULES, { object: sidecarSet, sidecarSet, input }));
}

function problemsBy(
  rules: readonly Rule[],
  { object, sidecarSet, input }: Pick<Subject, "sidecarSet" | "input"> & { object: unknown },
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const root = new Field(object, "", problems);
  const subject = {
    metadata: root.member("metadata"),
    spec: root.member("spec"),
    sidecarSet,
    input,
  };
  for (const rule of rules) rule(subject);
  return problems;
}

/** Once each; where the type is wrong, nothing else is said of the field and of what would be in it. */
function tidied(problems: readonly FieldProblem[]): FieldProblem[] {
  const mistyped = new Set(
    problems.filter(({ reason }) => reason === "FieldValueTypeInvalid").map(({ field }) => field),
  );
  const seen = new Set<string>();
  return problems.filter(({ reason, field, message }) => {
    const covering = reason === "FieldValueTypeInvalid" ? parentsOf(field) : pathsTo(field);
    if (mistyped.size > 0 && covering.some((path) => mistyped.has(path))) return false;
    const key = JSON.stringify([reason, field, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A path and the paths of all that it lies in: `a.b[0]`, `a.b`, `a`. */
function pathsTo(field: string): string[] {
  return [field, ...parentsOf(field)];
}

function parentsOf(field: string): string[] {
  return [...field.matchAll(/[.[]/g)].map(({ index }) => field.slice(0, index));
}

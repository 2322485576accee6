import type { FieldProblem } from "../../api/field_problem.ts";
import { isObject } from "../../api/json.ts";
import { readSidecarSet, withoutNulls } from "../../api/read.ts";
import { checkCanary } from "./canary.ts";
import { checkCleanup } from "./cleanup.ts";
import { checkConflicts } from "./conflicts.ts";
import { Field } from "./field.ts";
import { checkImmutability } from "./immutability.ts";
import type { Rule, ValidationInput } from "./input.ts";
import { checkMetadata } from "./metadata.ts";
import { checkPatchPodMetadata } from "./patch_pod_metadata.ts";
import { checkPinnedRevision } from "./pinned_revision.ts";
import { checkSelectors } from "./selectors.ts";
import { checkSidecars } from "./sidecars.ts";
import { checkUpdateStrategy } from "./strategy.ts";

const RULES: readonly Rule[] = [
  checkMetadata,
  checkCanary,
  checkSelectors,
  checkPinnedRevision,
  checkUpdateStrategy,
  checkSidecars,
  checkCleanup,
  checkPatchPodMetadata,
  checkImmutability,
  checkConflicts,
];

/** Far above what a Pod's spec needs, and far below what would exhaust the stack of recursive readers. */
const MAX_DEPTH = 100;

/**
 * Everything that is wrong with a SidecarSet: its schema, its own rules, its parts as parts of a Pod, and conflicts with the
 * other SidecarSets of the cluster. Pure; no input makes it throw.
 *
 * @returns the problems, each with its field and how to mend it; empty when the SidecarSet is allowed.
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating`
 */
export function validateSidecarSet(input: ValidationInput): FieldProblem[] {
  if (!isObject(input.object)) {
    return [{
      reason: "FieldValueTypeInvalid",
      field: "",
      message: "must be an object with metadata and spec",
    }];
  }
  if (isDeeperThan(input.object, MAX_DEPTH)) {
    return [{
      reason: "FieldValueInvalid",
      field: "",
      message: `must not be nested deeper than ${MAX_DEPTH} levels`,
    }];
  }
  const read = readSidecarSet(input.object);
  const problems: FieldProblem[] = [];
  const root = new Field(withoutNulls(input.object), "", problems);
  const subject = {
    metadata: root.member("metadata"),
    spec: root.member("spec"),
    sidecarSet: read.ok ? read.value : undefined,
    input,
  };
  for (const rule of RULES) rule(subject);
  // A rule says better than the schema how to mend a field, so the schema speaks of the others.
  const told = new Set(problems.map(({ field }) => field));
  const schemaProblems = read.ok ? [] : read.problems.filter(({ field }) => !told.has(field));
  return tidied([...problems, ...schemaProblems]);
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

/** Without recursion: what it guards against would exhaust the stack. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level = [value];
  for (let i = 0; i <= depth; i++) {
    level = level.flatMap((item) =>
      typeof item === "object" && item !== null ? Object.values(item) : []
    );
    if (level.length === 0) return false;
  }
  return true;
}

import { type FieldProblem, TOO_DEEP } from "../../api/problems.ts";
import { isObject, isTooDeep } from "../../api/json.ts";
import { readAs, withoutNulls } from "../../api/read.ts";
import { type SidecarSet, sidecarSet } from "../../api/sidecarset.ts";
import { checkCanary, checkMetadata } from "./metadata.ts";
import { checkCleanup, checkPinnedRevision, checkUpdateStrategy } from "./strategy.ts";
import { checkConflicts } from "./conflicts.ts";
import { Field } from "./field.ts";
import type { ContentRule, Rule, Subject, ValidationInput } from "./input.ts";
import { checkAllowedMetadata, checkPatchPodMetadata } from "./patch_pod_metadata.ts";
import { checkSelectors } from "./selectors.ts";
import { checkSidecars } from "./sidecars.ts";

/** Rules of metadata and selection, which differ between the SidecarSets of a template. */
const SELECTION_RULES: readonly Rule[] = [checkMetadata, checkSelectors];

const CONTENT_RULES: readonly ContentRule[] = [
  checkUpdateStrategy,
  checkSidecars,
  checkCleanup,
  checkPatchPodMetadata,
];

/** Rules that depend on the SidecarSet alone. */
const OWN_RULES: readonly Rule[] = [...SELECTION_RULES, ...CONTENT_RULES];

/** Rules that apply to writes only: they depend on other objects, or on the stored one. */
const WRITE_RULES: readonly Rule[] = [
  checkCanary,
  checkPinnedRevision,
  checkAllowedMetadata,
  checkImmutability,
  checkConflicts,
];

/**
 * Validates a SidecarSet: schema, own rules, its parts as parts of a Pod, and conflicts with the other SidecarSets
 * of the cluster. No input makes it throw.
 *
 * @returns the problems, each with its field and remedy; empty if the SidecarSet is valid
 * @see `pkg/webhook/sidecarset/validating`
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
  const read = input.read ?? readAs(sidecarSet, cleaned);
  const rules = [...OWN_RULES, ...WRITE_RULES];
  const problems = problemsBy(rules, {
    object: cleaned,
    sidecarSet: read.ok ? read.value : undefined,
    input,
  });
  // A rule's message is more specific than the schema's, so the schema's problem with the same field is dropped.
  const reported = new Set(problems.map(({ field }) => field));
  const schemaProblems = read.ok ? [] : read.problems.filter(({ field }) => !reported.has(field));
  return tidied([...problems, ...schemaProblems]);
}

/**
 * Validates a SidecarSet independently of other objects. An invalid one is not injected, even if it is stored
 * already.
 *
 * @param sidecarSet with its defaults applied, read by its schema
 * @param known `isContentValid`: only metadata and selection may be invalid
 */
export function validateStoredSidecarSet(
  sidecarSet: SidecarSet,
  { isContentValid = false } = {},
): FieldProblem[] {
  const input: ValidationInput = {
    operation: "CREATE",
    object: sidecarSet,
    others: [],
    revisions: [],
    requireAllowList: false,
  };
  const rules = isContentValid ? SELECTION_RULES : OWN_RULES;
  return tidied(problemsBy(rules, { object: sidecarSet, sidecarSet, input }));
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

/** Each problem once. If a field's type is wrong, other problems of the field and its members are dropped. */
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

/**
 * A container cannot become a pair, nor a pair a container. Containers may be added; running Pods then cannot be
 * upgraded in place (B-32).
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarContainersUpdate`
 */
function checkImmutability({ spec, input }: Subject): void {
  if (input.operation !== "UPDATE") return;
  const oldTypes = new Map(
    (input.old?.spec.containers ?? []).map((old) => [old.name, old.upgradeStrategy?.upgradeType]),
  );
  for (const container of spec.member("containers").items()) {
    const type = container.member("upgradeStrategy").member("upgradeType");
    const oldType = oldTypes.get(container.member("name").text());
    if (oldType !== undefined && type.text() !== oldType) {
      type.invalid(`must stay ${oldType}: remove the container and add it under another name`);
    }
  }
}

import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { type FieldProblem, TOO_DEEP } from "../api/field_problem.ts";
import { isObject, isTooDeep } from "../api/json.ts";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION, GROUP, KIND } from "../api/names.ts";
import { readSidecarSet } from "../api/read.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import { completeSidecarSet } from "../core/defaults/complete.ts";
import { storedForm, type StoredFormOptions } from "../core/defaults/stored_form.ts";
import { ALLOWED, failed, refused, type Review } from "./decisions.ts";
import { jsonDiff } from "../core/json/diff.ts";
import { jsonEqual } from "../core/json/equal.ts";

export interface SidecarSetValidationOptions {
  /** Everything that is wrong with a SidecarSet beside the others of the cluster. */
  validateSidecarSet(input: SidecarSetValidationInput): readonly FieldProblem[];
  /** Whether the others and the revisions are known. */
  isSynced(): boolean;
  /**
   * Makes sure that new Pods which the SidecarSet selects come to the webhook.
   *
   * @returns undefined where nothing has to be done; otherwise whether it could be done in time. Never rejects.
   */
  cover(input: SidecarSetValidationInput): Promise<boolean> | undefined;
}

export interface SidecarSetValidationInput {
  readonly name: string;
  /** What is to be stored, with its defaults; of any shape. */
  readonly object: unknown;
  /** What an update replaces, with its defaults; absent on creation, and where what is stored cannot be read. */
  readonly oldSidecarSet?: SidecarSet;
}

/**
 * The review function that writes defaults and hashes into a SidecarSet, for other tools to see
 * (`pkg/webhook/sidecarset/mutating/sidecarset_create_update_handler.go:Handle`). It refuses nothing: what is wrong is
 * left to validation.
 */
export function createSidecarSetDefaulting(
  options: StoredFormOptions = {},
): (request: AdmissionRequest) => AdmissionDecision {
  return function reviewSidecarSetDefaults(request) {
    const { object } = request;
    if (!isChange(request) || isBeingDeleted(object) || isTooDeep(object)) return ALLOWED;
    if (!isObject(object)) return ALLOWED;
    return { allowed: true, patch: jsonDiff(object, storedForm(object, options)) };
  };
}

/**
 * The review function that refuses an invalid SidecarSet with a cause per field. An object that is being deleted always
 * passes, or its finalizers could not be taken off; so does an update of other things than spec, labels and canary
 * annotations, so that what became invalid only later can still be worked with. A valid one that selects other Pods
 * than before is answered once the webhook registration covers them, so that a Pod created right afterwards is
 * reviewed.
 */
export function createSidecarSetValidation(options: SidecarSetValidationOptions): Review {
  return function reviewSidecarSetValidity(
    request: AdmissionRequest,
  ): AdmissionDecision | Promise<AdmissionDecision> {
    const { operation, object, oldObject } = request;
    if (!isChange(request) || isBeingDeleted(object)) return ALLOWED;
    if (operation === "UPDATE" && isJudgedAlike(object, oldObject)) return ALLOWED;
    if (isTooDeep(object)) return invalid(request, [TOO_DEEP]);
    const defaulted = completeSidecarSet(object);
    const isUpdate = operation === "UPDATE" && !isTooDeep(oldObject);
    const old = isUpdate ? completeSidecarSet(oldObject) : undefined;
    if (isUpdate && isJudgedAlike(defaulted, old)) return ALLOWED;
    const readOld = readSidecarSet(old);
    const oldSidecarSet = readOld.ok ? readOld.value : undefined;
    if (!options.isSynced()) {
      return failed(503, "Cannot validate yet: the cluster's SidecarSets are still being read");
    }
    const input = {
      name: request.name ?? "",
      object: defaulted,
      ...(oldSidecarSet ? { oldSidecarSet } : {}),
    };
    const problems = options.validateSidecarSet(input);
    if (problems.length > 0) return invalid(request, problems);
    const covering = request.dryRun === true ? undefined : options.cover(input);
    return covering?.then((isCovered) => isCovered ? ALLOWED : notCoveredYet(input.name)) ??
      ALLOWED;
  };
}

/** The leader covers it as soon as it can; until then Pods may be created without the sidecars, and count as missed. */
function notCoveredYet(name: string): AdmissionDecision {
  const warning =
    `Wait for condition Ready of SidecarSet ${name}: Pods created before may be missed`;
  return { allowed: true, warnings: [warning] };
}

function isChange({ operation, subResource }: AdmissionRequest): boolean {
  return (operation === "CREATE" || operation === "UPDATE") && !subResource;
}

function isBeingDeleted(object: unknown): boolean {
  return isObject(object) && isObject(object.metadata) &&
    typeof object.metadata.deletionTimestamp === "string";
}

/** Whether two objects agree in all that validation looks at. */
function isJudgedAlike(object: unknown, other: unknown): boolean {
  return jsonEqual(judgedParts(object), judgedParts(other));
}

function judgedParts(object: unknown): unknown {
  if (!isObject(object)) return undefined;
  const metadata = isObject(object.metadata) ? object.metadata : {};
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {};
  return {
    spec: object.spec,
    labels: isObject(metadata.labels) ? metadata.labels : {},
    canary: annotations[CANARY_ANNOTATION],
    canaryBase: annotations[CANARY_BASE_ANNOTATION],
  };
}

/** In the words of `k8s.io/apimachinery` `errors.NewInvalid`, so that kubectl prints it like any invalid object. */
function invalid(
  request: AdmissionRequest,
  problems: readonly FieldProblem[],
): AdmissionDecision {
  const name = request.name ?? "";
  const texts = problems.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return refused({
    code: 422,
    reason: "Invalid",
    message: `${KIND}.${GROUP} ${JSON.stringify(name)} is invalid: ${list}`,
    details: {
      name,
      group: GROUP,
      kind: KIND,
      causes: problems.map(({ reason, field, message }) => ({ reason, field, message })),
    },
  });
}

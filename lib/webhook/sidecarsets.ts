import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { type FieldProblem, type Read, TOO_DEEP } from "../api/problems.ts";
import { isObject, isTooDeep } from "../api/json.ts";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION, GROUP, KIND } from "../api/names.ts";
import { readSidecarSet } from "../api/read.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import {
  completeSidecarSet,
  storedForm,
  type StoredFormOptions,
} from "../core/defaults/sidecarset.ts";
import { ALLOWED, failed, refused, type Review } from "./decisions.ts";
import { jsonDiff, jsonEqual } from "../core/json/patch.ts";
import { warned } from "./warnings.ts";

/** The rules, and what an admitted SidecarSet waits for. */
export interface SidecarSetValidationOptions {
  /** All problems of a SidecarSet, including conflicts with others of the cluster. */
  validateSidecarSet(input: SidecarSetValidationInput): readonly FieldProblem[];
  /** Whether the other SidecarSets and the revisions are known. */
  isSynced(): boolean;
  /**
   * Registers the webhook for new Pods that the SidecarSet selects.
   *
   * @returns undefined if the registration covers them; else whether it does so in time. Never rejects
   */
  cover(input: SidecarSetValidationInput): Promise<boolean> | undefined;
  /** Admission warnings for a valid SidecarSet. */
  warningsOf?(input: SidecarSetValidationInput): readonly string[];
}

/** A SidecarSet that is being admitted. */
export interface SidecarSetValidationInput {
  readonly name: string;
  /** The object to store, with defaults; of any shape. */
  readonly object: unknown;
  /** The object read by its schema. */
  readonly read: Read<SidecarSet>;
  /** The replaced object, with defaults; absent on creation, and if the stored object is unreadable. */
  readonly oldSidecarSet?: SidecarSet;
}

/**
 * The review function that writes defaults and hashes into a SidecarSet for other tools
 * (`pkg/webhook/sidecarset/mutating/sidecarset_create_update_handler.go:Handle`). It denies nothing: problems are left
 * to validation.
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
 * The review function that denies an invalid SidecarSet with a cause per field. Two kinds of request always pass: an
 * object in deletion, so that its finalizers can be removed; and an update that keeps spec, labels and canary
 * annotations, so that an object that became invalid later stays usable. A valid SidecarSet that selects other Pods
 * than before is admitted once the webhook registration covers them, so that a Pod created right afterwards is
 * reviewed.
 */
export function createSidecarSetValidation(options: SidecarSetValidationOptions): Review {
  return function reviewSidecarSetValidity(
    request: AdmissionRequest,
  ): AdmissionDecision | Promise<AdmissionDecision> {
    const { operation, object, oldObject } = request;
    if (!isChange(request) || isBeingDeleted(object)) return ALLOWED;
    if (operation === "UPDATE" && hasSameValidatedParts(object, oldObject)) return ALLOWED;
    if (isTooDeep(object)) return invalid(request, [TOO_DEEP]);
    const defaulted = completeSidecarSet(object);
    const isUpdate = operation === "UPDATE" && !isTooDeep(oldObject);
    const old = isUpdate ? completeSidecarSet(oldObject) : undefined;
    if (isUpdate && hasSameValidatedParts(defaulted, old)) return ALLOWED;
    const readOld = isUpdate ? readSidecarSet(old) : undefined;
    const oldSidecarSet = readOld?.ok ? readOld.value : undefined;
    if (!options.isSynced()) {
      return failed(503, "Cannot validate yet: the cluster's SidecarSets are still being read");
    }
    const input = {
      name: request.name ?? "",
      object: defaulted,
      read: readSidecarSet(defaulted),
      ...(oldSidecarSet ? { oldSidecarSet } : {}),
    };
    const problems = options.validateSidecarSet(input);
    if (problems.length > 0) return invalid(request, problems);
    const texts = options.warningsOf?.(input) ?? [];
    const covering = request.dryRun === true ? undefined : options.cover(input);
    return covering?.then((isCovered) =>
      warned(isCovered ? ALLOWED : notCoveredYet(input.name), texts)
    ) ?? warned(ALLOWED, texts);
  };
}

/** The leader covers it as soon as possible. Until then Pods can be created without sidecars, and count as missed. */
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

/** Whether two objects are equal in all that validation depends on. */
function hasSameValidatedParts(object: unknown, other: unknown): boolean {
  return jsonEqual(validatedParts(object), validatedParts(other));
}

function validatedParts(object: unknown): unknown {
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

/** The format of `k8s.io/apimachinery` `errors.NewInvalid`, so that kubectl prints it like other invalid objects. */
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

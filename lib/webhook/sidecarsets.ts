import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import type { FieldProblem } from "../api/field_problem.ts";
import { isObject } from "../api/json.ts";
import {
  CANARY_ANNOTATION,
  CANARY_BASE_ANNOTATION,
  GROUP,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  KIND,
} from "../api/names.ts";
import { readSidecarSet } from "../api/read.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import { ALLOWED, failed, refused, type Review } from "./decisions.ts";
import { jsonDiff, jsonEqual } from "./json_diff.ts";

export interface SidecarSetDefaultsOptions {
  /** The SidecarSet with all defaults. */
  applyDefaults(sidecarSet: SidecarSet): SidecarSet;
  /** The two hashes of a SidecarSet that has its defaults. */
  hashSidecarSet(
    sidecarSet: SidecarSet,
  ): { readonly hash: string; readonly hashWithoutImage: string };
}

export interface SidecarSetValidationOptions {
  applyDefaults(sidecarSet: SidecarSet): SidecarSet;
  /** Everything that is wrong with a SidecarSet beside the others of the cluster; both have their defaults. */
  validateSidecarSet(input: SidecarSetValidationInput): readonly FieldProblem[];
  /** Whether the others and the revisions are known. */
  isSynced(): boolean;
}

export interface SidecarSetValidationInput {
  readonly sidecarSet: SidecarSet;
  /** What an update replaces; absent on creation, and where what is stored cannot be read. */
  readonly oldSidecarSet?: SidecarSet;
}

/**
 * The review function that writes defaults and hashes into a SidecarSet, for other tools to see
 * (`pkg/webhook/sidecarset/mutating/sidecarset_create_update_handler.go:Handle`). It refuses nothing: what is wrong is left to validation.
 */
export function createSidecarSetDefaults(options: SidecarSetDefaultsOptions): Review {
  return function reviewDefaults(request: AdmissionRequest): AdmissionDecision {
    if (!isChange(request)) return ALLOWED;
    const reading = readSidecarSet(request.object);
    if (!reading.ok || isBeingDeleted(reading.value)) return ALLOWED;
    const defaulted = options.applyDefaults(reading.value);
    const { hash, hashWithoutImage } = options.hashSidecarSet(defaulted);
    const wanted = {
      ...defaulted,
      metadata: {
        ...defaulted.metadata,
        annotations: {
          ...defaulted.metadata.annotations,
          [HASH_ANNOTATION]: hash,
          [HASH_WITHOUT_IMAGE_ANNOTATION]: hashWithoutImage,
        },
      },
    };
    return { allowed: true, patch: jsonDiff(request.object, wanted) };
  };
}

/**
 * The review function that refuses an invalid SidecarSet with a cause per field. An object that is being deleted always passes, or its
 * finalizers could not be taken off; so does an update of other things than spec, labels and canary annotations, so that what became
 * invalid only later can still be worked with.
 */
export function createSidecarSetValidation(options: SidecarSetValidationOptions): Review {
  const { applyDefaults } = options;

  return function reviewValidity(request: AdmissionRequest): AdmissionDecision {
    if (!isChange(request)) return ALLOWED;
    const { object, oldObject } = request;
    if (isBeingDeleted(object)) return ALLOWED;
    if (request.operation === "UPDATE" && jsonEqual(judgedParts(object), judgedParts(oldObject))) {
      return ALLOWED;
    }
    const reading = readSidecarSet(object);
    if (!reading.ok) return invalid(request, reading.problems);
    const sidecarSet = applyDefaults(reading.value);
    const old = request.operation === "UPDATE" ? readSidecarSet(oldObject) : undefined;
    const oldSidecarSet = old?.ok ? applyDefaults(old.value) : undefined;
    if (oldSidecarSet && jsonEqual(judgedParts(sidecarSet), judgedParts(oldSidecarSet))) {
      return ALLOWED;
    }
    if (!options.isSynced()) {
      return failed(503, "Cannot validate yet: the cluster's SidecarSets are still being read");
    }
    const problems = options.validateSidecarSet({
      sidecarSet,
      ...(oldSidecarSet ? { oldSidecarSet } : {}),
    });
    return problems.length === 0 ? ALLOWED : invalid(request, problems);
  };
}

function isChange({ operation, subResource }: AdmissionRequest): boolean {
  return (operation === "CREATE" || operation === "UPDATE") && !subResource;
}

function isBeingDeleted(object: unknown): boolean {
  return isObject(object) && isObject(object.metadata) &&
    typeof object.metadata.deletionTimestamp === "string";
}

/** What validation looks at. */
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

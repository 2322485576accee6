import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { isTooDeep } from "../api/json.ts";
import { unknownFields } from "../core/validate/unknown_fields.ts";
import type { Review } from "./decisions.ts";

/** Per warning. The API server also truncates all warnings of a request at 4,096 characters together. */
export const MAX_WARNING_CHARACTERS = 120;
/** The warnings of one request share the limit of its headers. */
const MAX_FIELDS = 10;

/**
 * A text that is valid as an HTTP `Warning` header, to which the API server converts it: one line, printable, at most
 * 120 characters. A longer text ends with "...".
 */
export function warningText(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\s]+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= MAX_WARNING_CHARACTERS) return line;
  return `${characters.slice(0, MAX_WARNING_CHARACTERS - 3).join("").trimEnd()}...`;
}

/**
 * Extends a review with an admission warning for each unknown field of the object. The API server drops unknown fields
 * outside containers and volumes, and reports them only to clients that request it. Inside it keeps them without a
 * warning.
 */
export function withUnknownFieldWarnings(review: Review): Review {
  return function reviewFields(request: AdmissionRequest) {
    const decision = review(request);
    const texts = warningsOf(request);
    if (texts.length === 0) return decision;
    return decision instanceof Promise
      ? decision.then((settled) => warned(settled, texts))
      : warned(decision, texts);
  };
}

/** The decision with further warnings. */
export function warned(
  decision: AdmissionDecision,
  texts: readonly string[],
): AdmissionDecision {
  if (texts.length === 0) return decision;
  return { ...decision, warnings: [...decision.warnings ?? [], ...texts] };
}

function warningsOf({ operation, subResource, object }: AdmissionRequest): string[] {
  const isChange = (operation === "CREATE" || operation === "UPDATE") && !subResource;
  if (!isChange || isTooDeep(object)) return [];
  const found = unknownFields(object);
  const texts = found.slice(0, MAX_FIELDS).map(({ field, remedy }) =>
    warningText(`${remedy[0]?.toUpperCase()}${remedy.slice(1)}: field ${field} is unknown`)
  );
  const rest = found.length - texts.length;
  return rest === 0 ? texts : [...texts, `Validate the file: ${rest} more fields are unknown`];
}

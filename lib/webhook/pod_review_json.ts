import { cutManagedFields } from "../api/managed_fields.ts";
import { INJECTED_LIST_ANNOTATION } from "../api/names.ts";

/**
 * Parses the review of a Pod without the Pod's `managedFields`, which take up to half the time. Injection reads them
 * only of a Pod that has been injected before, see `clearCopies`; the review of such a Pod is parsed whole.
 *
 * @throws SyntaxError as `JSON.parse` does; an error within `managedFields` can remain unnoticed
 */
export function parsePodReview(text: string): unknown {
  const divided = text.includes(INJECTED_LIST_ANNOTATION) ? undefined : cutManagedFields(text);
  if (divided === undefined) return JSON.parse(text);
  try {
    return JSON.parse(divided.rest);
  } catch {
    // The end was not found. Or the text is not JSON, and the error names a position in the whole.
    return JSON.parse(text);
  }
}

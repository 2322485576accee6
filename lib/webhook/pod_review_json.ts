import { INJECTED_LIST_ANNOTATION } from "../api/names.ts";

/** `managedFields` as a member of an object. In a string, its quotes would be escaped. */
const MEMBER = ',"managedFields":[';

/**
 * Parses the review of a Pod without the Pod's `managedFields`, which take up to half the time. Injection reads them
 * only of a Pod that has been injected before, see `clearCopies`; the review of such a Pod is parsed whole.
 *
 * @throws SyntaxError as `JSON.parse` does; an error within `managedFields` can remain unnoticed
 */
export function parsePodReview(text: string): unknown {
  const start = text.indexOf(MEMBER);
  if (start < 0 || text.includes(INJECTED_LIST_ANNOTATION)) return JSON.parse(text);
  const end = text.indexOf("]", start) + 1;
  try {
    return JSON.parse(text.slice(0, start) + text.slice(end));
  } catch {
    // The bracket is in a string or closes an inner array: then quotes or brackets of the rest do not match. Or the
    // text is not JSON, and the error names a position in the whole.
    return JSON.parse(text);
  }
}

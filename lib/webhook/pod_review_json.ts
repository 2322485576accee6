import { INJECTED_LIST_ANNOTATION } from "../api/names.ts";

/** `managedFields` as a member of an object. In a string, its quotes would be escaped. */
const MEMBER = ',"managedFields":[';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Parses the review of a Pod without the Pod's `managedFields`, which take up to half the time. Injection reads them
 * only of a Pod that has been injected before, see `clearCopies`; the review of such a Pod is parsed whole.
 *
 * @throws SyntaxError as `JSON.parse` does; an error within `managedFields` can remain unnoticed
 */
export function parsePodReview(text: string): unknown {
  const start = text.indexOf(MEMBER);
  if (start < 0 || text.includes(INJECTED_LIST_ANNOTATION)) return JSON.parse(text);
  const end = endOfArray(text, start + MEMBER.length - 1);
  try {
    return JSON.parse(text.slice(0, start) + text.slice(end));
  } catch {
    // The error names positions in the whole text.
    return JSON.parse(text);
  }
}

/** The index after the array that begins at `start`; the text's length if it does not end. */
function endOfArray(text: string, start: number): number {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) {
      isInString = true;
    } else if (code === OPENING_BRACKET || code === OPENING_BRACE) {
      depth++;
    } else if ((code === CLOSING_BRACKET || code === CLOSING_BRACE) && --depth === 0) {
      return at + 1;
    }
  }
  return text.length;
}

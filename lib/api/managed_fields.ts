/** `managedFields` as a member of an object. In a string, its quotes would be escaped. */
const MEMBER = ',"managedFields":[';

/** A JSON text in two: one without `managedFields`, and their list. */
export interface DividedText {
  readonly rest: string;
  readonly managedFields: string;
}

/**
 * Cuts the first `managedFields` out of the JSON text of an object, of which they are a third or more.
 *
 * @returns undefined if the text has none. Neither part is JSON if a bracket in a string or of an inner list was taken
 * for the end, because quotes or brackets of the rest do not match then
 */
export function cutManagedFields(text: string): DividedText | undefined {
  const start = text.indexOf(MEMBER);
  if (start < 0) return undefined;
  const end = text.indexOf("]", start) + 1;
  return {
    rest: text.slice(0, start) + text.slice(end),
    managedFields: text.slice(start + MEMBER.length - 1, end),
  };
}

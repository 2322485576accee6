/** The API server cuts all warnings of a request at 4,096 characters and asks for at most 120 in each. */
export const MAX_WARNING_CHARACTERS = 120;

/**
 * A text that is safe as an HTTP `Warning` header, which is what the API server makes of it: one line, printable, 120
 * characters at most. A longer one ends with "...".
 */
export function warningText(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\s]+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= MAX_WARNING_CHARACTERS) return line;
  return `${characters.slice(0, MAX_WARNING_CHARACTERS - 3).join("").trimEnd()}...`;
}

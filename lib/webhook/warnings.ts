/** Per warning. The API server also truncates all warnings of a request at 4,096 characters together. */
export const MAX_WARNING_CHARACTERS = 120;

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

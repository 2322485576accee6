import { RE2JS } from "re2js";

/**
 * Names and annotation keys have at most 63 and 317 characters, so a longer expression has no use and costs time to
 * compile.
 */
export const MAX_PATTERN_LENGTH = 1000;

/** A regular expression ready for use, or what is wrong with it: "must be ...". */
type Pattern =
  | { readonly ok: true; matches(text: string): boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Compiles a user's regular expression in RE2 syntax, which matches in time linear in the text, anywhere in it.
 *
 * @returns the pattern, or what is wrong with the expression; it never throws.
 */
export function compilePattern(expression: string): Pattern {
  if (expression.length > MAX_PATTERN_LENGTH) {
    return { ok: false, problem: `must have at most ${MAX_PATTERN_LENGTH} characters` };
  }
  try {
    const compiled = RE2JS.compile(expression);
    return { ok: true, matches: (text) => compiled.test(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: `must be a regular expression in RE2 syntax (${reason})` };
  }
}

/**
 * Characters that a terminal interprets or that hide text: control characters (the first of an ANSI or OSC escape
 * sequence, and C1), bidirectional overrides, invisible characters and lone surrogates. Tabs, line ends, and
 * joiners in scripts and emoji are allowed.
 */
const UNPRINTABLE = /\r(?!\n)|[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\t\n\r\u{200C}\u{200D}]]/gv;

/** Whether a text has no such characters. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

/** The text with U+FFFD in place of each character that is not printable. Its lines stay. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "\u{FFFD}");
}

/** The text in one line: a space in place of each line end with the white space around it. */
export function inOneLine(text: string): string {
  return text.replace(/\s*[\n\r\u0085\u2028\u2029]\s*/g, " ");
}

/** JSON or double-quoted YAML with an escape in place of each character that is not printable: the data is the same. */
export function escaped(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    let escapes = "";
    for (let unit = 0; unit < character.length; unit++) {
      escapes += `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    }
    return escapes;
  });
}

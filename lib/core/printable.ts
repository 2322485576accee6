/**
 * Characters that a terminal or a reader would take for more than text: control characters (escape sequences of ANSI and OSC begin with
 * one, those of C1 are one), bidirectional overrides, invisible characters and lone surrogates. Tabs, line ends and the joiners of
 * scripts and emoji are text.
 */
const UNPRINTABLE = /\r(?!\n)|[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\t\n\r\u{200C}\u{200D}]]/gv;

/** Whether a text has characters that must not get to a terminal as they are. */
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

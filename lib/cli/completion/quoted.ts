/** Text as one word of bash or zsh, with nothing in it expanded. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

import { escaped, inOneLine } from "../../core/printable.ts";
import type { Color, Terminal } from "./terminal.ts";

/** Default width of wrapped text. */
const COLUMNS = 80;

/** Prefix of a template as the output format. */
export const JSON_PATH = "jsonpath=";

/** Output formats of data: JSON, YAML, or values by a template. */
export type DataFormat = "json" | "yaml" | `${typeof JSON_PATH}${string}`;

/** Whether an output is data rather than text for people. */
export function isDataFormat(output: string): output is DataFormat {
  return output === "json" || output === "yaml" || isTemplate(output);
}

function isTemplate(output: string): output is `${typeof JSON_PATH}${string}` {
  return output.startsWith(JSON_PATH);
}

/**
 * Prints data in a format.
 *
 * @throws {CliError} if a template is invalid or does not fit the data.
 */
export async function printData(
  data: unknown,
  { format, terminal }: { format: DataFormat; terminal: Terminal },
): Promise<void> {
  if (isTemplate(format)) {
    const { evaluateTemplate } = await import("./json_path.ts");
    terminal.write(evaluateTemplate(format.slice(JSON_PATH.length), data));
    return;
  }
  if (format === "json") {
    terminal.writeData(`${escaped(JSON.stringify(data, null, 2))}\n`);
    return;
  }
  const { yamlText } = await import("./yaml_text.ts");
  terminal.writeData(yamlText(data));
}

/** Wraps text at word boundaries into indented lines of at most `columns` columns. */
export function wrapped(text: string, indent: number, columns = COLUMNS): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.trim().split(/\s+/)) {
    if (line !== "" && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each);
}

/** Aligns rows in columns. */
export function table(rows: readonly (readonly string[])[], indent = 0): string[] {
  const lines = rows.map((row) => row.map(inOneLine));
  const widths = (lines[0] ?? []).map((_cell, column) =>
    lines.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0)
  );
  return lines.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    return `${" ".repeat(indent)}${cells.join("  ")}`.trimEnd();
  });
}

/** Colors text if standard output supports colors. */
export function painted(text: string, { color, terminal }: { color: Color; terminal: Terminal }) {
  const line = inOneLine(text);
  return terminal.colors ? terminal.styled(line, color) : line;
}

/** The name of an object in kubectl's form: `deployment.apps/web`. */
export function objectName(
  { apiVersion, kind, name }: { apiVersion: string; kind: string; name: string },
): string {
  const [group, version] = apiVersion.split("/");
  return `${kind.toLowerCase()}${version === undefined ? "" : `.${group}`}/${name}`;
}

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const MAX_NAMES = 8;

/** Joins names with commas; shows at most {@linkcode MAX_NAMES}. */
export function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

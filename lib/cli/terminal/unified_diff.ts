import { formatPatch, structuredPatch, type StructuredPatchHunk } from "diff";
import { painted } from "./output.ts";
import type { Color, Terminal } from "./terminal.ts";
import { yamlText } from "./yaml_text.ts";

export interface DiffOptions {
  /** What is written above the diff for the text as it was. */
  readonly before: string;
  /** And as it becomes. */
  readonly after: string;
  readonly terminal: Terminal;
}

/** A part of a text as it was and as it becomes, each of whole lines; the last line of all may lack its end. */
export type ChangedPart = readonly [before: string, after: string];

/**
 * How two texts differ, in the form of `diff -u`, in colours where standard output shows them; empty where they do not.
 *
 * @param parts The texts part by part: to compare takes time that grows with the square of what is compared.
 */
export function unifiedDiff(
  parts: readonly ChangedPart[],
  { before, after, terminal }: DiffOptions,
): string {
  const hunks = hunksOf(parts);
  if (hunks.length === 0) return "";
  const patch = formatPatch({
    oldFileName: before,
    newFileName: after,
    oldHeader: undefined,
    newHeader: undefined,
    hunks,
  })
    // A ruler that `diff -u` does not print.
    .replace(/^=+\n/, "");
  return terminal.colors ? patch.replaceAll(/^.+$/gm, (line) => colored(line, terminal)) : patch;
}

function hunksOf(parts: readonly ChangedPart[]): StructuredPatchHunk[] {
  let [oldLines, newLines] = [0, 0];
  return parts.flatMap(([before, after]) => {
    const { hunks } = before === after
      ? { hunks: [] }
      : structuredPatch("", "", before, after, undefined, undefined, { context: 4 });
    const moved = hunks.map((hunk) => ({
      ...hunk,
      oldStart: hunk.oldStart + oldLines,
      newStart: hunk.newStart + newLines,
    }));
    oldLines += linesIn(before);
    newLines += linesIn(after);
    return moved;
  });
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

function colored(line: string, terminal: Terminal): string {
  const color = COLORS[line[0] ?? ""];
  return color === undefined ? line : painted(line, { color, terminal });
}

const COLORS: Readonly<Record<string, Color>> = { "+": "green", "-": "red", "@": "cyan" };

/**
 * How two values differ, as a unified diff of their YAML; empty where they do not.
 *
 * @param values before and after.
 */
export function yamlDiff(
  [before, after]: readonly [unknown, unknown],
  options: DiffOptions,
): string {
  return unifiedDiff([[yamlOf(before), yamlOf(after)]], options);
}

function yamlOf(value: unknown): string {
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  if (value === undefined || isEmpty) return "";
  return yamlText(value, {
    // The order of keys means nothing; an object's name is what one looks for.
    sortMapEntries: (a, b) => order(String(a.key), String(b.key)),
  });
}

function order(a: string, b: string): number {
  if (a === "name" || b === "name") return a === b ? 0 : a === "name" ? -1 : 1;
  return a < b ? -1 : 1;
}

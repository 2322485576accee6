import { formatPatch, structuredPatch, type StructuredPatchHunk } from "diff";
import { painted } from "./output.ts";
import type { Color, Terminal } from "./terminal.ts";
import { yamlText } from "./yaml_text.ts";

interface DiffOptions {
  /** Label of the old text. */
  readonly before: string;
  /** Label of the new text. */
  readonly after: string;
  readonly terminal: Terminal;
}

/** A part of the old and the new text, in whole lines; the last line may lack a line end. */
export type ChangedPart = readonly [before: string, after: string];

/**
 * Unified diff of two texts; empty if they are equal. Colored if standard output supports colors.
 *
 * @param parts The texts in corresponding parts, since the time to compare grows quadratically with the size.
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
    // A separator line that `diff -u` does not print.
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
 * Unified diff of the YAML of two values; empty if they are equal.
 *
 * @param values The old and the new value.
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
    // The order of keys has no meaning: sort them, with the name first.
    sortMapEntries: (a, b) => order(String(a.key), String(b.key)),
  });
}

function order(a: string, b: string): number {
  if (a === "name" || b === "name") return a === b ? 0 : a === "name" ? -1 : 1;
  return a < b ? -1 : 1;
}

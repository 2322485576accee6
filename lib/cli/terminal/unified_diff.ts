import { createTwoFilesPatch } from "diff";
import { type Color, painted } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** One of the two texts that are compared. */
export interface Side {
  readonly title: string;
  readonly text: string;
}

/** How two texts differ, in the form of `diff -u`, in colours where standard output shows them. */
export function unifiedDiff(
  [before, after]: readonly [Side, Side],
  terminal: Terminal,
): string {
  const patch = createTwoFilesPatch(before.title, after.title, before.text, after.text)
    // A ruler that `diff -u` does not print.
    .replace(/^=+\n/, "");
  return terminal.colors ? patch.replaceAll(/^.+$/gm, (line) => colored(line, terminal)) : patch;
}

function colored(line: string, terminal: Terminal): string {
  const color = COLORS[line[0] ?? ""];
  return color === undefined ? line : painted(line, { color, terminal });
}

const COLORS: Readonly<Record<string, Color>> = { "+": "green", "-": "red", "@": "cyan" };

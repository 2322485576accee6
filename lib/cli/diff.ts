import { createTwoFilesPatch } from "diff";
import { type Color, painted } from "./output.ts";
import { type RenderedDocument, yamlStream } from "./rendering.ts";
import type { Terminal } from "./terminal.ts";

/** The changes as a unified diff for each file that has some. */
export function unifiedDiff(documents: readonly RenderedDocument[], terminal: Terminal): string {
  const byFile = Map.groupBy(documents, ({ document }) => document.file);
  let diff = "";
  for (const [file, rendered] of byFile) {
    const before = rendered.map(({ document }) => document.text).join("");
    const after = yamlStream(rendered);
    if (rendered.every(({ document, text }) => text === document.text)) continue;
    diff += createTwoFilesPatch(file, `${file} (injected)`, before, after)
      // A ruler that `diff -u` does not print.
      .replace(/^=+\n/, "");
  }
  return terminal.colors ? diff.replaceAll(/^.+$/gm, (line) => colored(line, terminal)) : diff;
}

/** A line of a unified diff in the colour of its kind. */
export function colored(line: string, terminal: Terminal): string {
  const color = COLORS[line[0] ?? ""];
  return color === undefined ? line : painted(line, { color, terminal });
}

const COLORS: Readonly<Record<string, Color>> = { "+": "green", "-": "red", "@": "cyan" };

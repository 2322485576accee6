import type { Terminal } from "../terminal/terminal.ts";
import { unifiedDiff } from "../terminal/unified_diff.ts";
import { type RenderedDocument, yamlStream } from "./rendering.ts";

/** The changes as a unified diff for each file that has some. */
export function fileDiff(documents: readonly RenderedDocument[], terminal: Terminal): string {
  const byFile = Map.groupBy(documents, ({ document }) => document.file);
  let diff = "";
  for (const [file, rendered] of byFile) {
    if (rendered.every(({ document, text }) => text === document.text)) continue;
    const before = rendered.map(({ document }) => document.text).join("");
    diff += unifiedDiff([
      { title: file, text: before },
      { title: `${file} (injected)`, text: yamlStream(rendered) },
    ], terminal);
  }
  return diff;
}

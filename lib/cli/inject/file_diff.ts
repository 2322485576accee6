import type { Terminal } from "../terminal/terminal.ts";
import { type ChangedPart, unifiedDiff } from "../terminal/unified_diff.ts";
import { type RenderedDocument, streamParts } from "./rendering.ts";

/** The changes as a unified diff for each file that has some. */
export function fileDiff(documents: readonly RenderedDocument[], terminal: Terminal): string {
  const byFile = Map.groupBy(documents, ({ document }) => document.file);
  let diff = "";
  for (const [file, rendered] of byFile) {
    if (rendered.every(({ document, text }) => text === document.text)) continue;
    const after = streamParts(rendered);
    const parts = rendered.map(({ document }, index): ChangedPart => [
      document.text,
      after[index] ?? "",
    ]);
    diff += unifiedDiff(parts, { before: file, after: `${file} (injected)`, terminal });
  }
  return diff;
}

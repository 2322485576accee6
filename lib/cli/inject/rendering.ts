import type { Document } from "yaml";
import { escaped, isPrintable } from "../../core/printable.ts";
import type { ManifestDocument } from "../files/documents.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { ChangedPart } from "../terminal/unified_diff.ts";
import { patchedTree, type TreeChange } from "./patched_tree.ts";

/** A document as it is to be printed. */
export interface RenderedDocument {
  readonly document: ManifestDocument;
  /** With its `---` where it came with one. */
  readonly text: string;
  readonly object: unknown;
}

/** Makes the changes; a document without any keeps its text to the byte. */
export function render(
  document: ManifestDocument,
  changes: readonly TreeChange[],
): RenderedDocument {
  if (changes.every(({ patch }) => patch.length === 0)) {
    return { document, text: document.text, object: document.object };
  }
  const tree = patchedTree(document, changes);
  return { document, text: textOf(tree, document.text), object: tree.toJS() };
}

/** The documents as one stream of YAML. */
export function yamlStream(documents: readonly RenderedDocument[]): string {
  return streamParts(documents).join("");
}

/** What each document is in a stream of YAML, of whole lines. */
export function streamParts(documents: readonly RenderedDocument[]): string[] {
  let isFirst = true;
  return documents.map(({ document, text }) => {
    const separator = isFirst || document.tree.directives?.docStart === true ? "" : "---\n";
    isFirst &&= text === "";
    const ending = text === "" || text.endsWith("\n") ? "" : "\n";
    return `${separator}${text}${ending}`;
  });
}

/** The documents as JSON, several as a List, which every reader of manifests takes. */
export function jsonText(documents: readonly RenderedDocument[]): string {
  const objects = documents.flatMap(({ object }) => object === undefined ? [] : [object]);
  const value = objects.length === 1
    ? objects[0]
    : { apiVersion: "v1", kind: "List", items: objects };
  return `${escaped(JSON.stringify(value, null, 2))}\n`;
}

function textOf(tree: Document, source: string): string {
  const text = tree.toString({
    lineWidth: 0,
    indentSeq: hasIndentedLists(source),
    flowCollectionPadding: /[{[] /.test(source),
  });
  // What the file itself has outside of quotes cannot be escaped.
  return isPrintable(source) ? escaped(text) : text;
}

/** Whether lists stand to the right of their key, and not right below it, as `kubectl` writes them. */
function hasIndentedLists(source: string): boolean {
  let keyIndent = -1;
  for (const line of source.split("\n")) {
    const [, indent = "", dashes = "", rest = ""] = /^( *)((?:- +)*)(.*)$/.exec(line) ?? [];
    if (rest === "" || rest.startsWith("#")) continue;
    if (dashes !== "" && keyIndent >= 0) return indent.length > keyIndent;
    keyIndent = /:\s*(?:#.*)?$/.test(rest) ? indent.length + dashes.length : -1;
  }
  return false;
}

/** Unified diffs of the changed files, one after the other; empty without a change. */
export async function fileDiff(
  documents: readonly RenderedDocument[],
  terminal: Terminal,
): Promise<string> {
  const { unifiedDiff } = await import("../terminal/unified_diff.ts");
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

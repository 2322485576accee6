import { type Document, visit } from "yaml";
import { escaped, isPrintable } from "../../core/printable.ts";
import type { ManifestDocument } from "../files/documents.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { ChangedPart } from "../terminal/unified_diff.ts";
import { patchedTree, type TreeChange } from "./patched_tree.ts";

/** A document after the injection: its text, which keeps comments, and its object. */
export interface RenderedDocument {
  readonly document: ManifestDocument;
  /** Text with the source's `---`. */
  readonly text: string;
  readonly object: unknown;
}

/** Applies changes; without any, the text stays byte for byte. */
export function render(
  document: ManifestDocument,
  changes: readonly TreeChange[],
): RenderedDocument {
  if (changes.every(({ patch }) => patch.length === 0)) {
    return { document, text: document.text, object: document.object };
  }
  const tree = patchedTree(document, changes);
  keepPadding(tree, document);
  return { document, text: textOf(tree, document.text), object: tree.toJS() };
}

/** Joins the documents to a YAML stream. */
export function yamlStream(documents: readonly RenderedDocument[]): string {
  return streamParts(documents).join("");
}

/** The text of each document in a YAML stream, in whole lines. */
function streamParts(documents: readonly RenderedDocument[]): string[] {
  let isFirst = true;
  return documents.map(({ document, text }) => {
    const separator = isFirst || document.tree.directives?.docStart === true ? "" : "---\n";
    isFirst &&= text === "";
    const ending = text === "" || text.endsWith("\n") ? "" : "\n";
    return `${separator}${text}${ending}`;
  });
}

/** The object of the documents; several as a List. */
export function listOf(documents: readonly RenderedDocument[]): unknown {
  const objects = documents.flatMap(({ object }) => object === undefined ? [] : [object]);
  return objects.length === 1 ? objects[0] : { apiVersion: "v1", kind: "List", items: objects };
}

function textOf(tree: Document, source: string): string {
  const text = tree.toString({
    lineWidth: 0,
    indentSeq: hasIndentedLists(source),
  });
  // Unprintable characters in the source can be outside quotes, where they cannot be escaped.
  return isPrintable(source) ? escaped(text) : text;
}

/** Keeps the padding of each flow collection: one document can have both `[a, b]` and `{ a: b }`. */
function keepPadding(tree: Document, { text, start }: ManifestDocument): void {
  visit(tree, {
    Collection(_key, node) {
      if (!node.flow || !node.range) return;
      const flowCollectionPadding = text[node.range[0] - start + 1] === " " ? " " : "";
      const write = node.toString;
      node.toString = (context, ...rest) =>
        write.call(node, context && { ...context, flowCollectionPadding }, ...rest);
    },
  });
}

/** Whether the source indents lists below their key, unlike kubectl. */
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

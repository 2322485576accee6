import { Document, isAlias, isCollection, isScalar, isSeq, visit } from "yaml";
import { isObject, type JsonPatchOperation } from "../../api/json.ts";
import { pointerTokens } from "../../core/json/patch.ts";
import { isPrintable } from "../../core/printable.ts";
import { kubernetesYaml, type ManifestDocument } from "../files/documents.ts";
import type { Path } from "../files/manifests.ts";
import { quoteUnprintable } from "../terminal/yaml_text.ts";

/** A JSON patch of one object in a document. */
export interface TreeChange {
  /** Path of the object in the document. */
  readonly path: Path;
  readonly patch: readonly JsonPatchOperation[];
}

/**
 * Applies patches to a document and keeps comments and layout. A document with aliases or in JSON is rewritten instead:
 * a change of an aliased part would affect all its uses.
 */
export function patchedTree(
  { tree, object }: ManifestDocument,
  changes: readonly TreeChange[],
): Document {
  const patched = keepsLayout(tree) ? tree.clone() : rewritten(tree, object);
  for (const { path, patch } of changes) {
    for (const operation of patch) {
      applyOperation(patched, {
        operation,
        path: [...path.map(String), ...pointerTokens(operation.path)],
      });
    }
  }
  return patched;
}

function keepsLayout(tree: Document): boolean {
  if (isCollection(tree.contents) && tree.contents.flow) return false;
  let hasAlias = false;
  visit(tree, {
    Alias() {
      hasAlias = true;
      return visit.BREAK;
    },
  });
  return !hasAlias;
}

function rewritten(tree: Document, object: unknown): Document {
  const document = new Document(object, { ...kubernetesYaml(), aliasDuplicateObjects: false });
  document.commentBefore = tree.commentBefore;
  if (document.directives && tree.directives) {
    document.directives.docStart = tree.directives.docStart;
  }
  return document;
}

function applyOperation(
  document: Document,
  { operation, path }: { operation: JsonPatchOperation; path: readonly string[] },
): void {
  const parentPath = path.slice(0, -1);
  openFlow(document, parentPath);
  if (operation.op === "test") return;
  if (operation.op === "remove") {
    document.deleteIn(path);
    return;
  }
  const parent = document.getIn(parentPath);
  const key = path.at(-1) ?? "";
  if (operation.op === "add" && isSeq(parent)) {
    const index = key === "-" ? parent.items.length : Number(key);
    parent.items.splice(index, 0, nodeOf(operation.value, document));
    return;
  }
  // Setting a plain value keeps the comment of a scalar.
  const isPlain = !isObject(operation.value) && !Array.isArray(operation.value) &&
    isPrintable(String(operation.value));
  document.setIn(path, isPlain ? operation.value : nodeOf(operation.value, document));
}

function nodeOf(value: unknown, document: Document) {
  const node = document.createNode(value);
  quoteUnprintable(node);
  return node;
}

/** Turns flow collections (`{ a: b }`) on the path into block style, for readable additions. */
function openFlow(document: Document, path: readonly string[]): void {
  for (let depth = 0; depth <= path.length; depth++) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isCollection(node)) node.flow = false;
    else if (isAlias(node) || isScalar(node)) return;
  }
}

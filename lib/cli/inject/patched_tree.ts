import { Document, isAlias, isCollection, isScalar, isSeq, visit } from "yaml";
import { isObject, type JsonPatchOperation } from "../../api/json.ts";
import { pointerTokens } from "../../core/json/pointer.ts";
import { isPrintable } from "../../core/printable.ts";
import type { ManifestDocument } from "../files/documents.ts";
import type { Path } from "../files/manifests.ts";
import { kubernetesYaml } from "../files/yaml_options.ts";
import { quoteUnprintable } from "../terminal/yaml_text.ts";

/** A JSON patch of one object in a document. */
export interface TreeChange {
  /** Where the object is that the patch is about. */
  readonly path: Path;
  readonly patch: readonly JsonPatchOperation[];
}

/**
 * The document with the changes made. Comments and layout stay; only where parts are shared by aliases, which a change
 * would change for all, or where the document is JSON, is it written anew.
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
  const anew = new Document(object, { ...kubernetesYaml(), aliasDuplicateObjects: false });
  anew.commentBefore = tree.commentBefore;
  if (anew.directives && tree.directives) anew.directives.docStart = tree.directives.docStart;
  return anew;
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
  // A scalar that replaces a scalar keeps its comment.
  const isPlain = !isObject(operation.value) && !Array.isArray(operation.value) &&
    isPrintable(String(operation.value));
  document.setIn(path, isPlain ? operation.value : nodeOf(operation.value, document));
}

function nodeOf(value: unknown, document: Document) {
  const node = document.createNode(value);
  quoteUnprintable(node);
  return node;
}

/** What has been added to `{ a: b }` is better read in lines of its own. */
function openFlow(document: Document, path: readonly string[]): void {
  for (let depth = 0; depth <= path.length; depth++) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isCollection(node)) node.flow = false;
    else if (isAlias(node) || isScalar(node)) return;
  }
}

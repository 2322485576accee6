import { isCollection, isMap, isNode, isScalar, type Node } from "yaml";
import type { Manifest } from "./manifests.ts";

/**
 * The line of a field in its file; where the field is absent, the line of the innermost part that is there.
 *
 * @param field As Kubernetes writes it: `spec.containers[0].name`, `metadata.annotations[example.com/key]`.
 */
export function lineOfField({ document, path }: Manifest, field: string): number {
  const { contents } = document.tree;
  let node: unknown = contents;
  let offset = startOf(contents);
  for (const key of [...path, ...segmentsOf(field)]) {
    if (!isCollection(node)) break;
    // A map's line is its key's: the value may begin below it.
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && item.key.value === String(key))
      : undefined;
    node = pair ? pair.value : isMap(node) ? undefined : node.get(Number(key), true);
    offset = startOf(pair?.key) ?? startOf(node) ?? offset;
  }
  return document.lineAt(offset ?? 0);
}

function segmentsOf(field: string): string[] {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)]
    .map(([, inBrackets, afterDot]) => inBrackets ?? afterDot ?? "");
}

function startOf(node: Node | null | unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

import { isObject } from "../../api/json.ts";
import type { ManifestDocument } from "./documents.ts";

/** Path within a document. */
export type Path = readonly (string | number)[];

/** A Kubernetes object; a document contains one, or several in a List. */
export interface Manifest {
  readonly document: ManifestDocument;
  /** Path of the object in the document. */
  readonly path: Path;
  readonly object: Readonly<Record<string, unknown>>;
  /** Empty if missing. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** The objects of the documents in order, including those in Lists. */
export function manifestsOf(documents: readonly ManifestDocument[]): Manifest[] {
  return documents.flatMap((document) =>
    document.object === undefined ? [] : unfold(document, { object: document.object, path: [] })
  );
}

function unfold(
  document: ManifestDocument,
  { object, path }: Pick<Manifest, "object" | "path">,
): Manifest[] {
  const { kind, items } = object;
  if (typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)) {
    return items.flatMap((item: unknown, index) =>
      isObject(item) ? unfold(document, { object: item, path: [...path, "items", index] }) : []
    );
  }
  const metadata = isObject(object.metadata) ? object.metadata : {};
  return [{
    document,
    path,
    object,
    apiVersion: textOf(object.apiVersion),
    kind: textOf(kind),
    name: textOf(metadata.name) || textOf(metadata.generateName),
  }];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

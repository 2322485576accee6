import { isObject } from "../../api/json.ts";
import type { ManifestDocument } from "./documents.ts";

/** A place in a document. */
export type Path = readonly (string | number)[];

/** One Kubernetes object; a document has one, or as a List several. */
export interface Manifest {
  readonly document: ManifestDocument;
  /** Where in the document the object is. */
  readonly path: Path;
  readonly object: Readonly<Record<string, unknown>>;
  /** Empty where it is missing. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** The objects of the documents in order, those in Lists included. */
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

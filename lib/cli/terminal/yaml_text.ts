import { Document, type Node, Scalar, type SchemaOptions, visit } from "yaml";
import { escaped, isPrintable } from "../../core/printable.ts";

/**
 * The value as YAML that other programs read exactly; what is not printable is escaped. Lists stand right below their key, as kubectl
 * writes them, and lines are not folded.
 */
export function yamlText(
  value: unknown,
  options: Pick<SchemaOptions, "sortMapEntries"> = {},
): string {
  const document = new Document(value, { compat: "yaml-1.1", ...options });
  quoteUnprintable(document);
  return escaped(document.toString({ lineWidth: 0, indentSeq: false }));
}

/** Lets scalars be written in double quotes where only those can escape what is not printable. */
export function quoteUnprintable(node: Node | Document): void {
  visit(node, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === "string" && !isPrintable(scalar.value)) {
        scalar.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
}

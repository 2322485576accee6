import { Document, type Node, Scalar, type SchemaOptions, visit } from "yaml";
import { escaped, isPrintable } from "../../core/printable.ts";

/**
 * Serializes a value as YAML; unprintable characters are escaped. Lists are indented as by kubectl, and lines are not
 * folded.
 */
export function yamlText(
  value: unknown,
  options: Pick<SchemaOptions, "sortMapEntries"> = {},
): string {
  const document = new Document(value, { compat: "yaml-1.1", ...options });
  quoteUnprintable(document);
  return escaped(document.toString({ lineWidth: 0, indentSeq: false }));
}

/** Marks scalars with unprintable characters for double quotes, which can escape them. */
export function quoteUnprintable(node: Node | Document): void {
  visit(node, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === "string" && !isPrintable(scalar.value)) {
        scalar.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
}

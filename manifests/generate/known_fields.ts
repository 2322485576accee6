import type { StructuralSchema } from "./structural.ts";

/**
 * For each object of a schema, by its path, its fields; a field that holds objects has their path, any other the
 * empty text.
 */
export type FieldTable = Record<string, Record<string, string>>;

/** The names of all fields of a schema. Objects of the same fields are listed once, at the first path. */
export function knownFields(object: StructuralSchema): FieldTable {
  const table: FieldTable = {};
  const paths = new Map<string, string>();
  const visit = (schema: StructuralSchema, path: string): string => {
    if (schema.items) return visit(schema.items, path);
    if (!schema.properties) return "";
    const fields = Object.fromEntries(
      Object.entries(schema.properties)
        .toSorted(([a], [b]) => a < b ? -1 : 1)
        .map(([name, child]) => [name, visit(child, path === "" ? name : `${path}.${name}`)]),
    );
    const key = JSON.stringify(fields);
    const known = paths.get(key) ?? path;
    paths.set(key, known);
    table[known] = fields;
    return known;
  };
  visit(object, "");
  return table;
}

import { parse } from "yaml";
import { isObject } from "../../../lib/api/json.ts";

type Schema = Record<string, unknown>;

const INT_OR_STRING = "x-kubernetes-int-or-string";
const PRESERVE_UNKNOWN = "x-kubernetes-preserve-unknown-fields";

/**
 * The JSON schema of a SidecarSet for editors (draft-07), from the CustomResourceDefinition. Objects that keep
 * unknown fields at the API server allow them here too; elsewhere an unknown field is an error, so that an editor
 * marks a misspelt one.
 *
 * @param crd the CustomResourceDefinition as YAML
 * @returns JSON
 * @throws {Error} if it has no versions with a schema
 */
export function editorSchema(crd: string): string {
  const definition = parse(crd);
  const { group, names, versions } = definition.spec;
  const stored = versions.find(({ storage }: { storage: boolean }) => storage);
  if (!isObject(stored?.schema?.openAPIV3Schema)) {
    throw new Error("Cannot write the editor schema: crd.yaml has no stored version with a schema");
  }
  const schema = convert(stored.schema.openAPIV3Schema);
  const { status: _status, ...properties } = isObject(schema.properties) ? schema.properties : {};
  return JSON.stringify({
    $schema: "http://json-schema.org/draft-07/schema#",
    title: names.kind,
    ...schema,
    properties: {
      ...properties,
      apiVersion: { enum: versions.map(({ name }: { name: string }) => `${group}/${name}`) },
      kind: { const: names.kind },
      metadata: { type: "object" },
    },
    required: ["apiVersion", "kind", "metadata", "spec"],
  });
}

function convert(schema: Schema): Schema {
  const result: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith("x-kubernetes-") || key === "nullable") continue;
    if (key === "properties" && isObject(value)) {
      result.properties = Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, isObject(each) ? convert(each) : each]),
      );
    } else if ((key === "items" || key === "additionalProperties") && isObject(value)) {
      result[key] = convert(value);
    } else result[key] = value;
  }
  if (schema[INT_OR_STRING]) {
    const { pattern: _pattern, minimum: _minimum, ...plain } = result;
    return { ...plain, type: ["integer", "string"] };
  }
  const isClosed = schema.properties !== undefined && !schema[PRESERVE_UNKNOWN];
  return isClosed ? { ...result, additionalProperties: false } : result;
}

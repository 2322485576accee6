import type { StructuralSchema } from "./structural.ts";

/** A schema of the API server's OpenAPI v3 document. */
export interface OpenApiSchema {
  $ref?: string;
  allOf?: OpenApiSchema[];
  oneOf?: OpenApiSchema[];
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, OpenApiSchema>;
  items?: OpenApiSchema;
  additionalProperties?: OpenApiSchema;
  "x-kubernetes-map-type"?: string;
}

export type OpenApiSchemas = Readonly<Record<string, OpenApiSchema>>;

const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
export const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/**
 * Inlines one definition as a structural schema that loses nothing: unknown fields are kept at every object node (the
 * marker is not recursive), lists stay atomic, and no default is taken over but that of `protocol`, because a stored
 * default would change the hashes.
 *
 * @throws {Error} when a definition is missing from the document.
 */
export function inlineDefinition(schemas: OpenApiSchemas, name: string): StructuralSchema {
  const definition = schemas[name];
  if (!definition) {
    throw new Error(`Cannot inline ${name}: the OpenAPI document does not define it`);
  }
  const description = definition.description ? firstSentence(definition.description) : undefined;
  if (name === QUANTITY) {
    // A structural schema cannot say "string, integer or decimal number" in any other way than by leaving the type
    // open.
    return described({ "x-kubernetes-preserve-unknown-fields": true }, description);
  }
  if (name === OBJECT_META) {
    return described(
      { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      description,
    );
  }
  return inline(schemas, definition, "");
}

function inline(schemas: OpenApiSchemas, schema: OpenApiSchema, field: string): StructuralSchema {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  const description = schema.description ? firstSentence(schema.description) : undefined;
  if (reference) {
    const target = inlineDefinition(schemas, reference.slice(reference.lastIndexOf("/") + 1));
    return described(target, description ?? target.description);
  }
  if (schema.format === "int-or-string") {
    return described({ "x-kubernetes-int-or-string": true }, description);
  }
  const result: StructuralSchema = described({}, description);
  if (schema.type) result.type = schema.type;
  if (schema.format) result.format = schema.format;
  if (schema.enum) result.enum = schema.enum;
  if (schema.required) result.required = schema.required.toSorted();
  if (field === "protocol" && schema.default !== undefined) result.default = schema.default;
  if (schema["x-kubernetes-map-type"]) {
    result["x-kubernetes-map-type"] = schema["x-kubernetes-map-type"];
  }
  if (schema.items) result.items = inline(schemas, schema.items, "");
  if (schema.additionalProperties) {
    result.additionalProperties = inline(schemas, schema.additionalProperties, "");
  }
  if (schema.type === "object" && !schema.additionalProperties) {
    result["x-kubernetes-preserve-unknown-fields"] = true;
  }
  if (schema.properties) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map((
        [name, value],
      ) => [name, inline(schemas, value, name)]),
    );
  }
  return result;
}

function described(schema: StructuralSchema, description: string | undefined): StructuralSchema {
  return description ? { ...schema, description } : schema;
}

/** Two versions with longer descriptions would pass the limit of `kubectl apply`'s annotation. */
const MAX_DESCRIPTION_LENGTH = 120;

/** The first sentence, cut between words where it is long. */
function firstSentence(text: string): string {
  const line = text.split("\n")[0] ?? text;
  const end = /[.!?](?=\s+[A-Z"`]|$)/.exec(line);
  const sentence = end ? line.slice(0, end.index + 1) : line;
  return shortened(sentence, MAX_DESCRIPTION_LENGTH);
}

/** The text, cut between words where it is longer. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength - 3);
  return `${cut.slice(0, cut.lastIndexOf(" "))}...`;
}

import * as z from "zod/mini";
import { docs, type EmbeddedDefinition } from "../../lib/api/docs.ts";
import type { StructuralSchema } from "./structural.ts";

/** What `z.toJSONSchema` gives for the shapes that lib/api uses, with what the registry says of them. */
interface JsonSchema
  extends Omit<StructuralSchema, "properties" | "items" | "additionalProperties" | "anyOf"> {
  $schema?: string;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  "x-embeds"?: EmbeddedDefinition;
}

export interface FromZodOptions {
  /** The inlined core/v1 schema that a part of the program's schema extends. */
  embed(definition: EmbeddedDefinition): StructuralSchema;
}

/** The program's own schema as a structural schema. */
export function structuralSchema(schema: z.ZodMiniType, options: FromZodOptions): StructuralSchema {
  return convert(z.toJSONSchema(schema, { metadata: docs, io: "input" }) as JsonSchema, options);
}

function convert(schema: JsonSchema, options: FromZodOptions): StructuralSchema {
  const {
    $schema: _dialect,
    propertyNames: _names,
    additionalProperties,
    properties,
    items,
    anyOf,
    "x-embeds": embeds,
    ...plain
  } = schema;
  const result: StructuralSchema = plain;
  if (result["x-kubernetes-int-or-string"]) {
    const numeric = anyOf?.find(({ type }) => type === "integer");
    const text = anyOf?.find(({ type }) => type === "string");
    if (numeric?.minimum !== undefined) result.minimum = numeric.minimum;
    if (text?.pattern) result.pattern = text.pattern;
    return result;
  }
  if (result.type === "integer") integerBounds(result);
  if (items) result.items = convert(items, options);
  if (properties) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, convert(value, options)]),
    );
  } else if (typeof additionalProperties === "object" && additionalProperties.type) {
    result.additionalProperties = convert(additionalProperties, options);
  }
  return embeds ? embedded(options.embed(embeds), result) : result;
}

/** Bounds of a JavaScript integer say nothing; those of an int32 are said by its format. */
function integerBounds(schema: StructuralSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  schema.format = schema.maximum === Number.MAX_SAFE_INTEGER || schema.maximum === undefined
    ? "int64"
    : "int32";
  if (schema.maximum === Number.MAX_SAFE_INTEGER || schema.maximum === 2 ** 31 - 1) {
    delete schema.maximum;
  }
}

/** The core definition's fields win: the program's schema only reads a part of them. */
function embedded(core: StructuralSchema, own: StructuralSchema): StructuralSchema {
  const required = [...new Set([...core.required ?? [], ...own.required ?? []])].toSorted();
  return {
    ...own,
    ...core,
    properties: { ...own.properties, ...core.properties },
    ...(required.length > 0 ? { required } : {}),
  };
}

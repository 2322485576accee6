import * as z from "zod/mini";
import type { Read } from "./field_problem.ts";
import { isObject } from "./json.ts";
import { readAs } from "./read.ts";

/** Returns true only for a value that certainly matches the schema. */
type Check = (value: unknown) => boolean;

const LEFT_TO_THE_SCHEMA: Check = () => false;

/**
 * A fast reader for AdmissionReviews. A type guard compiled from the schema accepts well-formed values without
 * copying them; parsing by the schema copies them and takes 20 times as long. Every other value is parsed by the
 * schema, which reports the problems.
 *
 * It reads zod's documented `_zod.def`. A kind of schema or check that it does not know falls back to parsing.
 */
export function createReader<T>(schema: z.ZodMiniType<T>): (value: unknown) => Read<T> {
  const check = checkOf(schema);
  const passes = (value: unknown): value is T => check(value);
  return (value) => passes(value) ? { ok: true, value } : readAs(schema, value);
}

function checkOf(schema: z.core.$ZodType): Check {
  if (schema instanceof z.core.$ZodObject) return objectCheck(schema._zod.def);
  if (schema instanceof z.core.$ZodOptional) {
    const check = checkOf(schema._zod.def.innerType);
    return (value) => value === undefined || check(value);
  }
  if (schema instanceof z.core.$ZodStringFormat) return LEFT_TO_THE_SCHEMA;
  if (schema instanceof z.core.$ZodString) return stringCheck(schema._zod.def);
  if (schema instanceof z.core.$ZodBoolean) return (value) => typeof value === "boolean";
  if (schema instanceof z.core.$ZodLiteral) return oneOf(schema._zod.def.values);
  if (schema instanceof z.core.$ZodEnum) return oneOf(Object.values(schema._zod.def.entries));
  if (schema instanceof z.core.$ZodUnknown) return (value) => value !== undefined;
  return LEFT_TO_THE_SCHEMA;
}

function objectCheck({ shape, catchall, checks }: z.core.$ZodObjectDef): Check {
  // Only for a schema that keeps unknown members; others need the copy.
  if (!(catchall instanceof z.core.$ZodUnknown) || checks?.length) return LEFT_TO_THE_SCHEMA;
  const members = Object.entries(shape).map(([key, schema]) => ({ key, check: checkOf(schema) }));
  return (value) => isObject(value) && members.every(({ key, check }) => check(value[key]));
}

function stringCheck({ checks = [], coerce }: z.core.$ZodStringDef): Check {
  if (coerce) return LEFT_TO_THE_SCHEMA;
  let atLeast = 0;
  for (const check of checks) {
    if (!(check instanceof z.core.$ZodCheckMinLength)) return LEFT_TO_THE_SCHEMA;
    atLeast = Math.max(atLeast, check._zod.def.minimum);
  }
  return (value) => typeof value === "string" && value.length >= atLeast;
}

function oneOf(values: readonly unknown[]): Check {
  const [only] = values;
  return values.length === 1 ? (value) => value === only : (value) => values.includes(value);
}

import * as z from "zod/mini";
import type { Read } from "./field_problem.ts";
import { isObject } from "./json.ts";
import { readAs } from "./read.ts";

/** Whether a value passes for certain. */
type Check = (value: unknown) => boolean;

const LEFT_TO_THE_SCHEMA: Check = () => false;

/**
 * A reader of values that come by the thousand: one that passes a check made of the schema is taken as it is, where the schema itself would
 * copy it, at twenty times the cost. All others are the schema's to judge, and to explain.
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
  // Only a schema that keeps unknown members may be passed by without a copy.
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

import * as z from "zod/mini";
import { isObject, isTooDeep } from "./json.ts";
import { fieldPath, type FieldProblem, type Read } from "./problems.ts";
import { type SidecarSet, sidecarSet } from "./sidecarset.ts";

/**
 * Reads a SidecarSet of either version. JSON nulls count as absent, as they do for the API server's typed objects;
 * unknown fields are kept.
 */
export function readSidecarSet(value: unknown): Read<SidecarSet> {
  return readAs(sidecarSet, withoutNulls(value));
}

/**
 * Reads any value by a schema.
 *
 * @param schema Its regular expressions have a message that describes a valid value, such as `a URL`.
 * @returns the value, or a problem for every invalid field
 */
export function readAs<T>(schema: z.ZodMiniType<T>, value: unknown): Read<T> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: result.error.issues.flatMap((issue) => problemsOf(issue, value)) };
}

/**
 * The value without null members. Returns the same reference if there are none, as in nearly all stored objects.
 */
export function withoutNulls(value: unknown): unknown {
  if (!holdsNull(value)) return value;
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls);
  if (!isObject(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === null) continue;
    // A plain assignment of "__proto__" would set the prototype and lose the member.
    Object.defineProperty(kept, key, {
      value: withoutNulls(member),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return kept;
}

function holdsNull(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (member === null || holdsNull(member)) return true;
  }
  return false;
}

function problemsOf(issue: z.core.$ZodIssue, root: unknown): FieldProblem[] {
  const field = fieldPath(issue.path);
  const current = issue.path.reduce<unknown>(
    (value, key) => isObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined,
    root,
  );
  if (current === undefined) {
    return [{ reason: "FieldValueRequired", field, message: "is required" }];
  }
  const shown = preview(current);
  switch (issue.code) {
    case "invalid_type":
      return [{
        reason: "FieldValueTypeInvalid",
        field,
        message: `must be ${typeText(issue.expected)}: current value is ${shown}`,
      }];
    case "invalid_value":
      return [{
        reason: "FieldValueNotSupported",
        field,
        message: `must be one of ${issue.values.map(String).join(", ")}: current value is ${shown}`,
      }];
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small"
        ? `at least ${issue.minimum}`
        : `at most ${issue.maximum}`;
      const what = typeof current === "string" ? ` characters` : "";
      return [{
        reason: "FieldValueInvalid",
        field,
        message: `must be ${bound}${what}: current value is ${shown}`,
      }];
    }
    case "invalid_format":
      return [{
        reason: "FieldValueInvalid",
        field,
        message: `must be ${issue.message}: current value is ${shown}`,
      }];
    default:
      return [{
        reason: "FieldValueInvalid",
        field,
        message: `is not valid: current value is ${shown}`,
      }];
  }
}

function typeText(type: string): string {
  return type === "int" ? "an integer" : `of type ${type}`;
}

/** A value as JSON for a message, truncated to 80 characters. */
export function preview(value: unknown): string {
  const text = isTooDeep(value) ? "..." : JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

import { isObject } from "../../api/json.ts";

/**
 * A CEL string literal. CEL knows all escapes that JSON has; single quotes, as the texts are JSON that is written
 * into JSON.
 */
export function celString(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1);
  return `'${escaped.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A CEL list of string literals. */
export function celStrings(texts: Iterable<string>): string {
  return `[${[...texts].map(celString).join(",")}]`;
}

/**
 * A CEL literal of a JSON value. Lists and maps of several types are lists and maps of `dyn`, as the API server's
 * CEL refuses literals of mixed types; unlike `Object` initializers they need no names of types.
 */
export function celValue(value: unknown): string {
  if (typeof value === "string") return celString(value);
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? String(value) : value.toExponential();
  }
  if (Array.isArray(value)) return `[${values(value).join(",")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const texts = values(members.map(([, member]) => member));
  return `{${members.map(([key], i) => `${celString(key)}:${texts[i]}`).join(",")}}`;
}

function values(list: readonly unknown[]): string[] {
  const isUniform = list.every((each) => typeof each === "string");
  return list.map((each) => isUniform ? celValue(each) : `dyn(${celValue(each)})`);
}

/** All of the conditions; true if there are none. */
export function allOf(conditions: readonly string[]): string {
  if (conditions.length === 0) return "true";
  return conditions.length === 1 ? conditions[0] ?? "" : conditions.map(inParentheses).join(" && ");
}

/** Any of the conditions; false if there are none. */
export function anyOf(conditions: readonly string[]): string {
  if (conditions.length === 0) return "false";
  return conditions.length === 1 ? conditions[0] ?? "" : conditions.map(inParentheses).join(" || ");
}

function inParentheses(condition: string): string {
  return `(${condition})`;
}

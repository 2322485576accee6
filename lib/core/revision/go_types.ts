import { isObject } from "../../api/json.ts";
import { compareUtf8 } from "../json/go_json.ts";
import { formatQuantity, parseQuantity } from "../quantity/quantity.ts";

/** The parts of Go's type system that decide how `encoding/json` writes a value back after reading it. */
export type GoType =
  | { readonly kind: "string" | "bool" | "int" | "intOrString" | "quantity" | "any" }
  | { readonly kind: "list" | "map"; readonly of: GoType }
  | { readonly kind: "struct"; readonly fields: ReadonlyMap<string, GoField> };

/** A field of a Go struct: its type, and when Go writes it. */
export interface GoField {
  readonly type: GoType;
  readonly presence: Presence;
}

/**
 * How an absent or zero field is written: a `required` one with its zero value; an `omittable` one (`omitempty`)
 * not at all; a `pointer` with `omitempty` is omitted only if absent; a `nullable`, a pointer without it, becomes
 * null.
 */
type Presence = "required" | "omittable" | "pointer" | "nullable";

export const string: GoType = { kind: "string" };
export const bool: GoType = { kind: "bool" };
export const int: GoType = { kind: "int" };
export const intOrString: GoType = { kind: "intOrString" };
export const quantity: GoType = { kind: "quantity" };
export const any: GoType = { kind: "any" };

/** A Go slice; how an absent one is written depends on its field. */
export function list(of: GoType): GoType {
  return { kind: "list", of };
}

/** A Go map with string keys. */
export function map(of: GoType): GoType {
  return { kind: "map", of };
}

/** The order of the fields is the order in which Go writes them. */
export function struct(fields: Readonly<Record<string, GoField>>): GoType {
  return { kind: "struct", fields: new Map(Object.entries(fields)) };
}

/** A field that Go always writes. */
export function required(type: GoType): GoField {
  return { type, presence: "required" };
}

/** A field that Go writes unless it is empty (`omitempty`). */
export function omittable(type: GoType): GoField {
  return { type, presence: "omittable" };
}

/** A pointer field that Go writes unless it is nil. */
export function pointer(type: GoType): GoField {
  return { type, presence: "pointer" };
}

/** A pointer field that Go writes as null if it is nil. */
export function nullable(type: GoType): GoField {
  return { type, presence: "nullable" };
}

/** How fields are written that the Go type does not have. */
interface GoValueOptions {
  readonly unknownFields: "drop" | "keep";
}

/**
 * The value after decoding into the Go type and encoding again: fields in struct order, canonical quantities,
 * sorted map keys, zero values omitted as the type defines. A part of another type stays as it is; such an object
 * is refused earlier.
 */
export function goValue(type: GoType, value: unknown, options: GoValueOptions): unknown {
  if (value === undefined || value === null) return zeroOf(type, options);
  switch (type.kind) {
    case "quantity":
      return canonicalQuantity(value);
    case "list":
      return Array.isArray(value) ? value.map((item) => goValue(type.of, item, options)) : value;
    case "map":
      return isObject(value) ? goMap(value, type.of, options) : value;
    case "struct":
      return isObject(value) ? goStruct(value, type.fields, options) : value;
    default:
      return value;
  }
}

function goStruct(
  value: Readonly<Record<string, unknown>>,
  fields: ReadonlyMap<string, GoField>,
  options: GoValueOptions,
): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const [name, { type, presence }] of fields) {
    const member = Object.hasOwn(value, name) ? value[name] ?? undefined : undefined;
    if (member === undefined) {
      if (presence === "required") written[name] = zeroOf(type, options);
      else if (presence === "nullable") written[name] = null;
      continue;
    }
    const goMember = goValue(type, member, options);
    if (presence !== "omittable" || !isZero(goMember)) written[name] = goMember;
  }
  if (options.unknownFields === "drop") return written;
  const unknown = Object.entries(value).filter(([name]) => !fields.has(name));
  // Not assigned one by one: "__proto__" would set the prototype.
  return Object.fromEntries([...Object.entries(written), ...unknown]);
}

function goMap(
  value: Readonly<Record<string, unknown>>,
  of: GoType,
  options: GoValueOptions,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(value).sort(compareUtf8).map((key) => [key, goValue(of, value[key], options)]),
  );
}

function zeroOf(type: GoType, options: GoValueOptions): unknown {
  switch (type.kind) {
    case "string":
      return "";
    case "bool":
      return false;
    case "int":
    case "intOrString":
      return 0;
    case "quantity":
      return "0";
    case "struct":
      return goStruct({}, type.fields, options);
    default:
      return null;
  }
}

function isZero(value: unknown): boolean {
  if (value === "" || value === 0 || value === false || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function canonicalQuantity(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  const parsed = parseQuantity(value);
  return parsed === undefined ? value : formatQuantity(parsed);
}

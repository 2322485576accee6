import { fieldPath } from "../../api/field_problem.ts";
import { isObject } from "../../api/json.ts";
import knownFields from "../../api/known_fields.json" with { type: "json" };
import { likelyName } from "./likely_name.ts";

/** A field that the schema does not have. It keeps nothing from working: a newer Kubernetes may know it. */
export interface UnknownField {
  /** Path as Kubernetes writes it: `spec.containers[0].livenessprobe`. */
  readonly field: string;
  /** What to write instead, after "is unknown: "; undefined where no known field is close. */
  readonly remedy: string;
}

type Fields = Readonly<Record<string, string>>;

const TABLE: Readonly<Record<string, Fields>> = knownFields;
/** Parts of the spec in which fields that are unknown here are kept. */
const OPEN_PARTS = /^spec\.(containers|initContainers|volumes)\b/;
/** As long as a list of all fields is still a help. */
const MAX_LISTED = 4;
/** Longer names are no misspelling, and comparing them costs time. */
const MAX_NAME_LENGTH = 64;
/** What is misspelt more often is not a SidecarSet. */
const MAX_UNKNOWN_FIELDS = 100;

/**
 * Finds fields of a SidecarSet that its schema does not have, each with the most similar known field.
 *
 * @param object any JSON that is not too deep
 */
export function unknownFields(object: unknown): UnknownField[] {
  const found: UnknownField[] = [];
  visit(object, { fields: TABLE[""] ?? {}, path: [], found });
  return found;
}

interface Place {
  readonly fields: Fields;
  readonly path: readonly PropertyKey[];
  readonly found: UnknownField[];
}

function visit(value: unknown, { fields, path, found }: Place): void {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) visit(item, { fields, path: [...path, i], found });
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      if (found.length >= MAX_UNKNOWN_FIELDS) return;
      const inner = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const place = [...path, name];
      if (inner === undefined) {
        const field = fieldPath(place);
        found.push({ field, remedy: remedyOf(name, { fields, field }) });
      } else if (inner !== "") visit(member, { fields: TABLE[inner] ?? {}, path: place, found });
    }
  }
}

function remedyOf(name: string, { fields, field }: { fields: Fields; field: string }): string {
  const names = Object.keys(fields);
  if (name.length <= MAX_NAME_LENGTH) {
    const likely = likelyName(name, names);
    if (likely !== undefined) return `use ${likely}`;
    const owner = names.find((each) => Object.hasOwn(TABLE[fields[each] ?? ""] ?? {}, name));
    if (owner !== undefined && fields[owner] !== "") return `use ${owner}.${name}`;
  }
  if (names.length <= MAX_LISTED) return `use ${names.join(" or ")}`;
  return OPEN_PARTS.test(field)
    ? "check its spelling; it is kept for a newer Kubernetes"
    : "remove it";
}

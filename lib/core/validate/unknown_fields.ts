import { fieldPath } from "../../api/problems.ts";
import { isObject } from "../../api/json.ts";
import knownFields from "../../api/known_fields.json" with { type: "json" };

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

/** Maximum share of different letters, in tenths. */
const MAX_DIFFERENCE = 0.34;

/**
 * The most similar name for a misspelt one; undefined if none is similar.
 *
 * @param names in the order of preference among equally similar ones
 */
export function likelyName(text: string, names: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const limit = Math.max(1, Math.floor(Math.max(text.length, name.length) * MAX_DIFFERENCE));
    if (Math.abs(text.length - name.length) > limit) continue;
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) {
      best = { name, distance };
    }
  }
  return best?.name;
}

/** Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

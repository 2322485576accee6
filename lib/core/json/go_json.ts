/**
 * Writes a value as Go's `encoding/json` writes a map: members sorted by key, no blanks, `<`, `>`, `&` and the two
 * line separators escaped, so that texts written here and by OpenKruise are the same bytes.
 * A `Map` counts as an object; undefined members are left out.
 */
export function goJson(value: unknown): string {
  return escaped(written(value));
}

/** The escapes of Go's `json.Marshal`, for a JSON text. Inside JSON these characters only occur in strings. */
export function escaped(json: string): string {
  if (!/[<>&\u2028\u2029]/.test(json)) return json;
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function written(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  const entries: [string, unknown][] = value instanceof Map
    ? [...value.entries()]
    : Object.entries(value);
  const members = entries
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([key, member]) => `${JSON.stringify(key)}:${written(member)}`);
  return `{${members.join(",")}}`;
}

/** Order of two texts by their UTF-8 bytes, as Go compares strings; JavaScript compares UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

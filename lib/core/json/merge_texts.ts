import { compareUtf8, escaped } from "./go_json.ts";

/** Maximum nesting of a patch, which bounds the work for one annotation. */
const MAX_DEPTH = 100;

/**
 * RFC 7386 merge of two JSON texts, written as Go writes it: members sorted in every object that was merged, no blanks,
 * `<`, `>`, `&` escaped. Works on the texts, so that numbers keep their digits (`1.0`, 20-digit integers).
 * Undefined where either text is not JSON or null, or the patch is a scalar (`evanphx/json-patch` refuses those).
 */
export function mergeJsonTexts(target: string, patch: string): string | undefined {
  if (!isJson(target) || !isJson(patch)) return undefined;
  const from = target.trim();
  const by = patch.trim();
  if (from === "null" || !/^[{[]/.test(by)) return undefined;
  const merged = merge(from, { patch: by, depth: 0 });
  return merged === undefined ? undefined : escaped(merged);
}

function merge(
  target: string,
  { patch, depth }: { patch: string; depth: number },
): string | undefined {
  if (!patch.startsWith("{")) return compact(patch);
  if (depth > MAX_DEPTH) return undefined;
  const members = target.startsWith("{") ? membersOf(target) : new Map<string, string>();
  for (const [key, value] of members) members.set(key, compact(value));
  for (const [key, value] of membersOf(patch)) {
    if (value === "null") {
      members.delete(key);
      continue;
    }
    const merged = merge(members.get(key) ?? "", { patch: value, depth: depth + 1 });
    if (merged === undefined) return undefined;
    members.set(key, merged);
  }
  const written = [...members]
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`);
  return `{${written.join(",")}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const BLANKS_OUTSIDE_STRINGS = /("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+/g;

function compact(json: string): string {
  return json.replace(BLANKS_OUTSIDE_STRINGS, (_match, text?: string) => text ?? "");
}

/** The members of a JSON object as texts; of two with one key the last. The object must be well-formed. */
function membersOf(object: string): Map<string, string> {
  const members = new Map<string, string>();
  let key: string | undefined;
  let start = 0;
  let depth = 0;
  for (let i = 1; i < object.length; i++) {
    const character = object[i];
    if (character === '"') {
      STRING.lastIndex = i;
      const [text = ""] = STRING.exec(object) ?? [];
      if (key === undefined) key = String(JSON.parse(text));
      i += text.length - 1;
    } else if (character === ":" && depth === 0) {
      start = i + 1;
    } else if (character === "{" || character === "[") {
      depth++;
    } else if ((character === "," || character === "}") && depth === 0) {
      if (key !== undefined) members.set(key, object.slice(start, i).trim());
      key = undefined;
    } else if (character === "}" || character === "]") {
      depth--;
    }
  }
  return members;
}

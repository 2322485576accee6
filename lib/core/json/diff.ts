import { isObject, type JsonPatchOperation } from "../../api/json.ts";
import { pointerToken } from "./pointer.ts";

/**
 * The JSON patch from one JSON value to another. Empty if they are equal, regardless of key order. Lists of
 * different length are replaced as a whole.
 */
export function jsonDiff(before: unknown, after: unknown): JsonPatchOperation[] {
  return [...operations(before, after, "")];
}

function* operations(
  before: unknown,
  after: unknown,
  path: string,
): Generator<JsonPatchOperation, void> {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [i, item] of before.entries()) yield* operations(item, after[i], `${path}/${i}`);
    return;
  }
  if (!isObject(before) || !isObject(after)) {
    yield { op: "replace", path, value: after };
    return;
  }
  for (const key of Object.keys(before)) {
    if (isPresent(before, key) && !isPresent(after, key)) {
      yield { op: "remove", path: `${path}/${pointerToken(key)}` };
    }
  }
  for (const key of Object.keys(after)) {
    if (!isPresent(after, key)) continue;
    const at = `${path}/${pointerToken(key)}`;
    if (isPresent(before, key)) yield* operations(before[key], after[key], at);
    else yield { op: "add", path: at, value: after[key] };
  }
}

/** Own members only, "__proto__" included; undefined is no JSON. */
function isPresent(object: Record<string, unknown>, key: string): boolean {
  return Object.hasOwn(object, key) && object[key] !== undefined;
}

import { isObject } from "../../api/json.ts";

/**
 * Whether two JSON values are equal, regardless of key order. An undefined member counts as absent. Iterative, so
 * any depth is safe.
 */
export function jsonEqual(a: unknown, b: unknown): boolean {
  const pairs: [unknown, unknown][] = [[a, b]];
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [left, right] = pair;
    if (left === right) continue;
    if (Array.isArray(left) && Array.isArray(right)) {
      if (left.length !== right.length) return false;
      left.forEach((item, i) => pairs.push([item, right[i]]));
    } else if (isObject(left) && isObject(right)) {
      const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
      for (const key of keys) pairs.push([memberOf(left, key), memberOf(right, key)]);
    } else {
      return false;
    }
  }
  return true;
}

/** An own member only: every object has a "constructor". */
function memberOf(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

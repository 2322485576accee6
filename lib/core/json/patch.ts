import { isObject, type JsonPatchOperation } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";

/** A key as one reference token of an RFC 6901 pointer. */
export function pointerToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The keys and indices of an RFC 6901 pointer, unescaped; none for the whole document. */
export function pointerTokens(pointer: string): string[] {
  return pointer.split("/").slice(1).map((token) =>
    token.replaceAll("~1", "/").replaceAll("~0", "~")
  );
}

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

/**
 * The Pod with a patch applied, as the API server will store it before its defaults.
 *
 * @throws {TypeError} if the patch does not fit the Pod.
 */
export function injectedPod(pod: Pod, patch: readonly JsonPatchOperation[]): Pod {
  const patched = applyPatch(pod, patch);
  if (!isObject(patched) || !isObject(patched.metadata) || !isObject(patched.spec)) {
    throw new TypeError("Cannot patch the Pod: the result is not a Pod");
  }
  return { ...pod, ...patched };
}

/**
 * Applies RFC 6902 operations `add`, `replace`, `remove` and `test`. The document is not mutated; unchanged parts
 * are shared with the result.
 *
 * @throws {TypeError} if a path does not exist or a test fails.
 */
export function applyPatch(document: unknown, patch: readonly JsonPatchOperation[]): unknown {
  return patch.reduce(
    (value, operation) => applyAt(value, { operation, tokens: pointerTokens(operation.path) }),
    document,
  );
}

interface Step {
  readonly operation: JsonPatchOperation;
  readonly tokens: readonly string[];
}

function applyAt(value: unknown, { operation, tokens }: Step): unknown {
  const [token, ...rest] = tokens;
  if (token === undefined) return applyHere(value, operation);
  if (Array.isArray(value)) return applyToItem(value, { operation, token, rest });
  if (!isObject(value)) throw misfit(operation);
  const exists = Object.hasOwn(value, token);
  if (!exists && (rest.length > 0 || operation.op !== "add")) throw misfit(operation);
  if (rest.length === 0 && operation.op === "remove") {
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== token));
  }
  const member = applyAt(exists ? value[token] : undefined, { operation, tokens: rest });
  // Defined rather than assigned, for a member named "__proto__".
  return Object.defineProperty({ ...value }, token, {
    value: member,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function applyToItem(
  list: readonly unknown[],
  { operation, token, rest }: { operation: JsonPatchOperation; token: string; rest: string[] },
): unknown {
  const adds = rest.length === 0 && operation.op === "add";
  const index = adds && token === "-" ? list.length : Number(token);
  const end = adds ? list.length : list.length - 1;
  if (!/^(0|[1-9]\d*|-)$/.test(token) || !(index <= end)) throw misfit(operation);
  if (adds && operation.op === "add") return list.toSpliced(index, 0, operation.value);
  if (rest.length === 0 && operation.op === "remove") return list.toSpliced(index, 1);
  return list.with(index, applyAt(list[index], { operation, tokens: rest }));
}

function applyHere(value: unknown, operation: JsonPatchOperation): unknown {
  switch (operation.op) {
    case "add":
    case "replace":
      return operation.value;
    case "remove":
      return undefined;
    case "test":
      if (!jsonEqual(value, operation.value)) throw misfit(operation);
      return value;
  }
}

function misfit({ op, path }: JsonPatchOperation): TypeError {
  return new TypeError(`Cannot ${op} ${path}: the document has no such place or another value`);
}

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

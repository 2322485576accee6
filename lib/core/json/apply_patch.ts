import { isObject, type JsonPatchOperation } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { jsonEqual } from "./equal.ts";
import { pointerTokens } from "./pointer.ts";

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

import { isObject } from "../../../lib/api/json.ts";
import type { Result } from "./inject_case.ts";

/** Brings a result to a form in which equal means the same: JSON in annotations parsed, times from the clock as `T`. */
export function normalize(result: Result): unknown {
  if (!("pod" in result)) return result;
  const { status: _status, ...pod } = result.pod;
  return withoutVagaries({
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: Object.fromEntries(
        Object.entries(pod.metadata.annotations ?? {}).map(([key, text]) => [key, parsed(text)]),
      ),
    },
  });
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) || Array.isArray(value) ? value : text;
  } catch {
    return text;
  }
}

/** The epoch is what the runner's clock says. */
const CLOCK = "1970-01-01T00:00:00Z";

function withoutVagaries(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVagaries);
  if (!isObject(value)) return value === CLOCK ? "T" : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) =>
        !(key === "creationTimestamp" && member === null) &&
        !(key === "resources" && isObject(member) && Object.keys(member).length === 0) &&
        !(key === "annotations" && isObject(member) && Object.keys(member).length === 0)
      )
      .map(([key, member]) => [key, withoutVagaries(member)]),
  );
}

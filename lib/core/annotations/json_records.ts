import { isObject } from "../../api/json.ts";
import type { ObservedPod } from "../observed_pod.ts";

const NONE: readonly [string, unknown][] = [];

/** Members of the JSON object that an annotation of a Pod holds; none if it is absent or unreadable. */
export function membersIn(
  { metadata: { annotations } }: ObservedPod,
  annotation: string,
): readonly [key: string, value: unknown][] {
  const text = annotations?.[annotation];
  if (text === undefined) return NONE;
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? Object.entries(parsed) : NONE;
  } catch {
    return NONE;
  }
}

/** The annotation's text without a record; null removes the annotation, undefined leaves it. */
export function textWithout<R>(
  records: ReadonlyMap<string, R>,
  key: string,
  textOf: (records: ReadonlyMap<string, R>) => string,
): string | null | undefined {
  if (!records.has(key)) return undefined;
  const others = new Map(records);
  others.delete(key);
  return others.size === 0 ? null : textOf(others);
}

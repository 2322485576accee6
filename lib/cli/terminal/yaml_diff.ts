import { type DiffOptions, unifiedDiff } from "./unified_diff.ts";
import { yamlText } from "./yaml_text.ts";

/**
 * How two values differ, as a unified diff of their YAML; empty where they do not.
 *
 * @param values before and after.
 */
export function yamlDiff(
  [before, after]: readonly [unknown, unknown],
  options: DiffOptions,
): string {
  return unifiedDiff([[yamlOf(before), yamlOf(after)]], options);
}

function yamlOf(value: unknown): string {
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  if (value === undefined || isEmpty) return "";
  return yamlText(value, {
    // The order of keys means nothing; an object's name is what one looks for.
    sortMapEntries: (a, b) => order(String(a.key), String(b.key)),
  });
}

function order(a: string, b: string): number {
  if (a === "name" || b === "name") return a === b ? 0 : a === "name" ? -1 : 1;
  return a < b ? -1 : 1;
}

import { stringify } from "yaml";
import type { Terminal } from "./terminal.ts";
import { unifiedDiff } from "./unified_diff.ts";

export interface YamlDiffOptions {
  readonly before: string;
  readonly after: string;
  readonly terminal: Terminal;
}

/**
 * How two values differ, as a unified diff of their YAML; empty where they do not.
 *
 * @param values before and after.
 */
export function yamlDiff(
  values: readonly [unknown, unknown],
  { before, after, terminal }: YamlDiffOptions,
): string {
  const [a = "", b = ""] = values.map(yamlOf);
  if (a === b) return "";
  return unifiedDiff([{ title: before, text: a }, { title: after, text: b }], terminal);
}

function yamlOf(value: unknown): string {
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  if (value === undefined || isEmpty) return "";
  return stringify(value, {
    lineWidth: 0,
    compat: "yaml-1.1",
    indentSeq: false,
    // The order of keys means nothing; an object's name is what one looks for.
    sortMapEntries: (a, b) => order(String(a.key), String(b.key)),
  });
}

function order(a: string, b: string): number {
  if (a === "name" || b === "name") return a === b ? 0 : a === "name" ? -1 : 1;
  return a < b ? -1 : 1;
}

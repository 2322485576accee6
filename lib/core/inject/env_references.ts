import type { EnvVar } from "../../api/container.ts";

/** A reference to a variable, and the escaped dollar sign that begins none. */
const REFERENCE = /\$\$|\$\(([^()]*)\)/g;

/**
 * Names of the variables that a value references. The kubelet expands only references to earlier variables and
 * leaves others as text.
 *
 * @see `k8s.io/kubernetes/third_party/forked/golang/expansion/expand.go:Expand`
 */
export function referencesOf({ value = "" }: Pick<EnvVar, "value">): readonly string[] {
  if (!value.includes("$(")) return [];
  return [...value.matchAll(REFERENCE)].flatMap(([, name]) => name ?? []);
}

/**
 * Appends variables to a container's, but places each before the first variable that references it. Existing
 * variables keep their order.
 */
export function withAddedEnv(
  present: readonly EnvVar[],
  added: readonly EnvVar[],
): readonly EnvVar[] {
  const all = [...present, ...added];
  if (added.length === 0 || all.every((each) => referencesOf(each).length === 0)) return all;
  const waiting = new Map(added.map((variable) => [variable.name, variable]));
  const ordered: EnvVar[] = [];
  const place = (variable: EnvVar) => {
    for (const name of referencesOf(variable)) {
      const referred = waiting.get(name);
      if (referred === undefined) continue;
      // Before it is placed, or variables that refer to each other would never be.
      waiting.delete(name);
      place(referred);
    }
    ordered.push(variable);
  };
  for (const variable of present) place(variable);
  for (const variable of added) {
    if (waiting.delete(variable.name)) place(variable);
  }
  return ordered;
}

import type { LabelSelector } from "../../../lib/api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../../../lib/api/names.ts";
import type { NamespaceFacts } from "../../../lib/core/prepared.ts";
import type { VersionedSidecarSet } from "./meaning.ts";

const OTHER = "not-mentioned-anywhere";

/**
 * Namespaces that distinguish any two of the SidecarSets: with every value that one of them mentions for a label, with
 * another value, and without the label.
 */
export function sampleNamespaces(sidecarSets: readonly VersionedSidecarSet[]): NamespaceFacts[] {
  const valuesOf = new Map<string, Set<string | undefined>>([
    [NAMESPACE_NAME_LABEL, new Set([OTHER])],
  ]);
  for (const { spec } of sidecarSets) {
    if (spec.namespace) valuesOf.get(NAMESPACE_NAME_LABEL)?.add(spec.namespace);
    for (const [key, value] of mentionedLabels(spec.namespaceSelector)) {
      const values = valuesOf.get(key) ?? new Set([undefined, OTHER]);
      valuesOf.set(key, values.add(value));
    }
  }
  let samples: Readonly<Record<string, string>>[] = [{}];
  for (const [key, values] of valuesOf) {
    samples = samples.flatMap((labels) =>
      [...values].map((value) => value === undefined ? labels : { ...labels, [key]: value })
    );
  }
  return samples.map((labels) => ({ name: labels[NAMESPACE_NAME_LABEL] ?? "", labels }));
}

function mentionedLabels(selector: LabelSelector | undefined): [key: string, value: string][] {
  return [
    ...Object.entries(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).flatMap(({ key, values = [OTHER] }) =>
      values.map((value): [string, string] => [key, value])
    ),
  ];
}

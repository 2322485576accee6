import type { LabelSelector } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { selectsNamespace, selectsPod } from "../../core/select/pod_selection.ts";
import { requirementsOf } from "../../core/select/label_selector.ts";
import type { KnownCluster } from "../cluster/known_cluster.ts";

/**
 * Simulates a plain Pod that a SidecarSet selects, in a namespace of the cluster.
 *
 * @returns undefined if no namespace is selected, or no labels match the selector.
 */
export function examplePod(
  { sidecarSet: { spec } }: PreparedSidecarSet,
  { cluster, excludedNamespaces }: {
    cluster: KnownCluster;
    excludedNamespaces: readonly string[];
  },
): Pod | undefined {
  const labels = labelsFor(spec.selector ?? {});
  const namespace = [...cluster.namespaces.values()].find((each) =>
    !excludedNamespaces.includes(each.name) && selectsNamespace(spec, each) &&
    selectsPod(spec, { labels, namespace: each })
  );
  if (namespace === undefined) return undefined;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "sidecarset-example-", namespace: namespace.name, labels },
    spec: { containers: [{ name: "app", image: "example.com/app:1" }] },
  };
}

/** Labels that satisfy each requirement of a selector on its own. */
function labelsFor(selector: LabelSelector): Record<string, string> {
  const labels = new Map<string, string>();
  for (const { key, operator, values } of requirementsOf(selector)) {
    if (operator === "In" && !labels.has(key)) labels.set(key, values[0] ?? "");
    if (operator === "Exists" && !labels.has(key)) labels.set(key, "");
  }
  return Object.fromEntries(labels);
}

import type { Pod } from "../../api/pod.ts";
import type { ReplacementFacts } from "../../core/cleanup/replacement.ts";
import { inject } from "../../core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { selectsPod } from "../../core/select/pod_selection.ts";
import { namespaceOf } from "../cluster/known_cluster.ts";
import type { OutcomeOptions } from "./outcome.ts";

/** What the injection of a Pod's replacement depends on. */
export function replacementFacts(
  { name }: PreparedSidecarSet,
  { pod, options }: { pod: Pod; options: OutcomeOptions },
): ReplacementFacts {
  const { cluster, excludedNamespaces, now } = options;
  const namespace = namespaceOf(cluster, pod.metadata.namespace ?? "");
  const place = { labels: pod.metadata.labels ?? {}, namespace };
  return {
    sidecarSet: name,
    excludedNamespaces: new Set(excludedNamespaces),
    request: {
      namespace,
      selecting: cluster.sidecarSets.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, place)),
      revisionsOf: () => cluster.revisions,
      sharesOf: () => ({ matched: 0, pinned: 0 }),
      now,
    },
    inject,
  };
}

import type { ClusterIndex } from "../../index/cluster.ts";
import type { Aftercare } from "../aftercare.ts";
import type { Registry, Sample } from "./registry.ts";

/** Gauges of what is to be mended: Pods that were missed, and sidecars that are no longer needed. */
export function registerAftercare(
  registry: Registry,
  { index, aftercare }: { index: ClusterIndex; aftercare: Aftercare },
): void {
  registry.gauge(
    {
      name: "sidecarset_missed_pods",
      help: "Pods that were created without sidecars that they should have got, by why.",
    },
    () => missedSamples(index, aftercare),
  );
  registry.gauge(
    {
      name: "sidecarset_cleanup_pods",
      help: "Pods with sidecars that are no longer needed and are still to be cleaned up.",
    },
    () =>
      [...aftercare.cleanups.progress()].map(([sidecarset, { remaining }]) => ({
        labels: { sidecarset },
        value: remaining,
      })),
  );
}

function* missedSamples(index: ClusterIndex, { missed }: Aftercare): Iterable<Sample> {
  for (const { name: sidecarset } of index.sidecarSets.values()) {
    if (index.pods.countsOf(sidecarset).missedPods === 0) continue;
    for (const [reason, value] of missed.summaryOf(sidecarset)?.byReason ?? []) {
      yield { labels: { sidecarset, reason }, value };
    }
  }
}

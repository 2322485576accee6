import type { ClusterIndex } from "../../index/cluster.ts";
import type { Aftercare } from "../aftercare.ts";
import type { METRICS } from "./catalogue.ts";
import type { LabelsOf, Registry, Sample } from "./registry.ts";

/** Gauges of what is to be mended: Pods that were missed, and sidecars that are no longer needed. */
export function registerAftercare(
  registry: Registry<typeof METRICS>,
  { index, aftercare }: { index: ClusterIndex; aftercare: Aftercare },
): void {
  registry.gauge("sidecarset_missed_pods", () => missedSamples(index, aftercare));
  registry.gauge("sidecarset_refused_workloads", () => refusedSamples(index, aftercare));
  registry.gauge(
    "sidecarset_cleanup_pods",
    () =>
      [...aftercare.cleanups.progress()].map(([sidecarset, { remaining }]) => ({
        labels: { sidecarset },
        value: remaining,
      })),
  );
}

function* missedSamples(
  index: ClusterIndex,
  { missed }: Aftercare,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_missed_pods">>> {
  for (const { name: sidecarset } of index.sidecarSets.values()) {
    if (index.pods.countsOf(sidecarset).missedPods === 0) continue;
    for (const [reason, value] of missed.summaryOf(sidecarset)?.byReason ?? []) {
      yield { labels: { sidecarset, reason }, value };
    }
  }
}

function* refusedSamples(
  index: ClusterIndex,
  { refusals }: Aftercare,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_refused_workloads">>> {
  for (const { name: sidecarset } of index.sidecarSets.values()) {
    const { workloads } = refusals.pods.summaryOf(sidecarset) ?? {};
    if (workloads !== undefined) {
      yield { labels: { sidecarset, reason: "PodRefused" }, value: workloads };
    }
  }
}

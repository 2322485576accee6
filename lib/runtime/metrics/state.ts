import type { ClusterIndex } from "../../index/cluster.ts";
import type { CertificateSource } from "../../webhook/certificates/source.ts";
import type { Control } from "../control.ts";
import type { Watches } from "../watches.ts";
import { registerAftercare } from "./aftercare.ts";
import type { METRICS } from "./catalogue.ts";
import type { LabelsOf, Registry, Sample } from "./registry.ts";

export interface MetricsState {
  readonly index: ClusterIndex;
  readonly watches: Watches;
  readonly control: Control;
  readonly certificates: CertificateSource;
  /** Admission requests under way. */
  reviewsInFlight(): number;
}

/** Gauges that read the process's state when they are asked for. */
export function registerState(registry: Registry<typeof METRICS>, state: MetricsState): void {
  const { index, watches, control, certificates } = state;
  registry.gauge(
    "leader_election_master_status",
    () => [{ labels: { name: "sidecarset" }, value: control.election.isLeader() ? 1 : 0 }],
  );
  registry.gauge("controller_runtime_webhook_requests_in_flight", state.reviewsInFlight);
  registry.gauge("sidecarset_pod_writes_in_flight", control.podWritesInFlight);
  registry.gauge(
    "sidecarset_certificate_expiry_timestamp_seconds",
    () => (certificates.current()?.notAfter.getTime() ?? 0) / 1_000,
  );
  registry.gauge(
    "sidecarset_registration_in_force",
    () => control.registering.keeper.isRegistered ? 1 : 0,
  );
  registry.gauge("sidecarset_index_objects", () => [
    { labels: { kind: "SidecarSet" }, value: index.sidecarSets.size },
    { labels: { kind: "Pod" }, value: index.pods.size },
    { labels: { kind: "Namespace" }, value: index.namespaces.size },
    { labels: { kind: "ControllerRevision" }, value: index.revisions.size },
  ]);
  registry.gauge(
    "sidecarset_watch_age_seconds",
    () => [...watches.ages()].map(([watch, age]) => ({ labels: { watch }, value: age / 1_000 })),
  );
  registry.gauge("sidecarset_pods", () => podSamples(index));
  registerAftercare(registry, { index, aftercare: control.aftercare });
}

function* podSamples(
  index: ClusterIndex,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_pods">>> {
  for (const { name: sidecarset } of index.sidecarSets.values()) {
    const counts = index.pods.countsOf(sidecarset);
    if (counts.matchedPods + counts.uninjectedPods === 0) continue;
    const outdatedPods = counts.matchedPods - counts.updatedPods;
    for (const [key, value] of Object.entries({ ...counts, outdatedPods })) {
      yield { labels: { sidecarset, state: key.replace(/Pods$/, "") }, value };
    }
  }
}

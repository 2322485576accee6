import type { ClusterIndex } from "../../index/cluster.ts";
import type { CertificateSource } from "../../webhook/certificates/source.ts";
import type { Control } from "../control.ts";
import type { Watches } from "../watches.ts";
import { registerAftercare } from "./aftercare.ts";
import type { Registry, Sample } from "./registry.ts";

export interface MetricsState {
  readonly index: ClusterIndex;
  readonly watches: Watches;
  readonly control: Control;
  readonly certificates: CertificateSource;
  /** Admission requests under way. */
  reviewsInFlight(): number;
}

/** Gauges that read the process's state when they are asked for. */
export function registerState(registry: Registry, state: MetricsState): void {
  const { index, watches, control, certificates } = state;
  registry.gauge(
    { name: "leader_election_master_status", help: "Whether this process is the leader." },
    () => [{ labels: { name: "sidecarset" }, value: control.election.isLeader() ? 1 : 0 }],
  );
  registry.gauge(
    {
      name: "controller_runtime_webhook_requests_in_flight",
      help: "Admission requests under way.",
    },
    state.reviewsInFlight,
  );
  registry.gauge(
    { name: "sidecarset_pod_writes_in_flight", help: "Pod writes under way." },
    () => control.rollouts.inFlight,
  );
  registry.gauge(
    {
      name: "sidecarset_certificate_expiry_timestamp_seconds",
      help: "When the webhook's certificate expires.",
    },
    () => (certificates.current()?.notAfter.getTime() ?? 0) / 1_000,
  );
  registry.gauge(
    {
      name: "sidecarset_registration_in_force",
      help: "Whether the webhook registration has been seen to be as the SidecarSets need it.",
    },
    () => control.registration.isRegistered ? 1 : 0,
  );
  registry.gauge(
    { name: "sidecarset_index_objects", help: "Objects that the process knows, by kind." },
    () => [
      { labels: { kind: "SidecarSet" }, value: index.sidecarSets.size },
      { labels: { kind: "Pod" }, value: index.pods.size },
      { labels: { kind: "Namespace" }, value: index.namespaces.size },
      { labels: { kind: "ControllerRevision" }, value: index.revisions.size },
    ],
  );
  registry.gauge(
    {
      name: "sidecarset_watch_age_seconds",
      help: "How long ago the API server was last heard of, by kind.",
    },
    () => [...watches.ages()].map(([watch, age]) => ({ labels: { watch }, value: age / 1_000 })),
  );
  registry.gauge(
    {
      name: "sidecarset_pods",
      help: "Pods of each SidecarSet that has any, by what they are to it.",
    },
    () => podSamples(index),
  );
  registerAftercare(registry, { index, aftercare: control.aftercare });
}

function* podSamples(index: ClusterIndex): Iterable<Sample> {
  for (const { name: sidecarset } of index.sidecarSets.values()) {
    const counts = index.pods.countsOf(sidecarset);
    if (counts.matchedPods + counts.uninjectedPods === 0) continue;
    const outdatedPods = counts.matchedPods - counts.updatedPods;
    for (const [key, value] of Object.entries({ ...counts, outdatedPods })) {
      yield { labels: { sidecarset, state: key.replace(/Pods$/, "") }, value };
    }
  }
}

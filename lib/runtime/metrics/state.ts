import { isInjecting } from "../../core/registration/selection.ts";
import { hasCurrentRecord } from "../../core/status/record.ts";
import { recordedResize } from "../../core/status/resize.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { CertificateSource } from "../../webhook/certificates/source.ts";
import type { Controllers } from "../controllers.ts";
import type { Watches } from "../watches.ts";
import type { METRICS } from "./catalogue.ts";
import type { LabelsOf, Registry, Sample } from "./registry.ts";

/** What gauges are read from at each scrape. */
export interface MetricsState {
  readonly index: ClusterIndex;
  readonly watches: Watches;
  readonly controllers: Controllers;
  readonly certificates: CertificateSource;
  /** Admission requests under way. */
  reviewsInFlight(): number;
}

/** Gauges that read the process's state when they are asked for. */
export function registerState(registry: Registry<typeof METRICS>, state: MetricsState): void {
  const { index, watches, controllers, certificates } = state;
  registry.gauge(
    "leader_election_master_status",
    () => [{ labels: { name: "sidecarset" }, value: controllers.election.isLeader() ? 1 : 0 }],
  );
  registry.gauge("controller_runtime_webhook_requests_in_flight", state.reviewsInFlight);
  registry.gauge(
    "sidecarset_pod_writes_in_flight",
    () => controllers.sidecarSets.podWritesInFlight,
  );
  registry.gauge(
    "sidecarset_certificate_expiry_timestamp_seconds",
    () => (certificates.current()?.notAfter.getTime() ?? 0) / 1_000,
  );
  registry.gauge(
    "sidecarset_registration_in_force",
    () => controllers.registration.isActive ? 1 : 0,
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
  registry.gauge("sidecarset_sidecarsets", () => mechanismSamples(index, controllers));
  registry.gauge("sidecarset_pods", () => podSamples(index));
  registry.gauge("sidecarset_status_condition", () => conditionSamples(index));
  registry.gauge("sidecarset_resizing_pods", () => resizingSamples(index));
  registry.gauge("sidecarset_missed_pods", () => missedSamples(index, controllers));
  registry.gauge("sidecarset_refused_workloads", () => refusedSamples(index, controllers));
  registry.gauge(
    "sidecarset_cleanup_pods",
    () =>
      [...controllers.cleanup.progress()].map(([sidecarset, { remaining }]) => ({
        labels: { sidecarset },
        value: remaining,
      })),
  );
}

function* mechanismSamples(
  index: ClusterIndex,
  { policy }: Controllers,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_sidecarsets">>> {
  const injecting = [...index.sidecarSets.values()].filter(isInjecting);
  const byPolicy = injecting.filter((prepared) => policy.covers(prepared)).length;
  yield { labels: { mechanism: "Policy" }, value: byPolicy };
  yield { labels: { mechanism: "Webhook" }, value: injecting.length - byPolicy };
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

/**
 * The conditions' samples, without SidecarSets that have no Pods and are Ready: there may be tens of thousands of
 * those.
 */
export function* conditionSamples(
  index: ClusterIndex,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_status_condition">>> {
  for (const { name: sidecarset, sidecarSet } of index.sidecarSets.values()) {
    const { conditions = [] } = sidecarSet.status ?? {};
    const { matchedPods, uninjectedPods } = index.pods.countsOf(sidecarset);
    const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
    if (isReady && matchedPods + uninjectedPods === 0) continue;
    for (const { type, status, reason = "" } of conditions) {
      yield { labels: { sidecarset, type, status, reason }, value: 1 };
    }
  }
}

function* resizingSamples(
  index: ClusterIndex,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_resizing_pods">>> {
  for (const prepared of index.sidecarSets.values()) {
    const { name: sidecarset, sidecarSet: { spec } } = prepared;
    if (spec.updateStrategy?.resizePolicy !== "InPlace") continue;
    const numbers = new Map<string, number>();
    for (const pod of index.pods.outdatedOf(sidecarset)) {
      const resize = recordedResize(pod, sidecarset);
      if (resize === undefined || !hasCurrentRecord(pod, prepared)) continue;
      const reason = resize.kind === "InProgress" ? "PodResizeInProgress" : "PodResizePending";
      numbers.set(reason, (numbers.get(reason) ?? 0) + 1);
    }
    for (const [reason, value] of numbers) yield { labels: { sidecarset, reason }, value };
  }
}

function* missedSamples(
  index: ClusterIndex,
  { missed }: Controllers,
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
  { refused }: Controllers,
): Iterable<Sample<LabelsOf<typeof METRICS, "sidecarset_refused_workloads">>> {
  for (const { name: sidecarset } of index.sidecarSets.values()) {
    const { workloads } = refused.summaryOf(sidecarset) ?? {};
    if (workloads !== undefined) {
      yield { labels: { sidecarset, reason: "PodRefused" }, value: workloads };
    }
  }
}

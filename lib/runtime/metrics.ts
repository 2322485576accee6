import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ClusterIndex } from "../index/cluster.ts";
import type { Observation as RequestObservation } from "../kube/transport.ts";
import type { CertificateSource } from "../webhook/certificates/source.ts";
import type { Observation as ReviewObservation } from "../webhook/handler.ts";
import type { PodReviewObserver } from "../webhook/pods.ts";
import type { Control } from "./control.ts";
import type { Watches } from "./watches.ts";

export interface Metrics {
  observeRequest(observation: RequestObservation): void;
  observeReview(observation: ReviewObservation): void;
  readonly podObserver: PodReviewObserver;
  /** Lets the gauges read the process's state when they are asked for. */
  observeState(state: MetricsState): void;
  text(): Promise<{ contentType: string; text: string }>;
}

export interface MetricsState {
  readonly index: ClusterIndex;
  readonly watches: Watches;
  readonly control: Control;
  readonly certificates: CertificateSource;
}

/** The process's metrics: controller-runtime's names where it has them, `sidecarset_` for the rest. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server by method and status code.",
    labelNames: ["method", "code"],
    registers,
  });
  const reviews = new Histogram({
    name: "controller_runtime_webhook_latency_seconds",
    help: "How long admission reviews took, by path.",
    labelNames: ["webhook"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const answers = new Counter({
    name: "controller_runtime_webhook_requests_total",
    help: "Admission reviews by path and status code.",
    labelNames: ["webhook", "code"],
    registers,
  });
  const injections = new Counter({
    name: "sidecarset_injections_total",
    help: "SidecarSets that selected a created Pod, by whether they were injected and why not.",
    labelNames: ["sidecarset", "result", "reason"],
    registers,
  });
  return {
    observeRequest({ method, code }) {
      requests.inc({ method, code: code === undefined ? "<error>" : String(code) });
    },
    observeReview({ path, code, seconds }) {
      reviews.observe({ webhook: path }, seconds);
      answers.inc({ webhook: path, code: String(code) });
    },
    podObserver: {
      onInjected: (sidecarset) => injections.inc({ sidecarset, result: "injected", reason: "" }),
      onSkipped: ({ sidecarSet: sidecarset, reason, refuses }) =>
        injections.inc({ sidecarset, result: refuses ? "refused" : "skipped", reason }),
    },
    observeState: (state) => registerGauges(registers, state),
    text: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function registerGauges(registers: Registry[], state: MetricsState): void {
  const { index, watches, control, certificates } = state;
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge(
    "leader_election_master_status",
    "Whether this process is the leader.",
    () => control.election.isLeader() ? 1 : 0,
  );
  gauge("workqueue_depth", "SidecarSets that wait to be reconciled.", () => control.queue.depth);
  gauge(
    "sidecarset_pod_writes_in_flight",
    "Pod writes under way.",
    () => control.rollouts.inFlight,
  );
  gauge(
    "sidecarset_certificate_expiry_timestamp_seconds",
    "When the webhook's certificate expires.",
    () => (certificates.current()?.notAfter.getTime() ?? 0) / 1_000,
  );
  new Gauge({
    name: "sidecarset_index_objects",
    help: "Objects that the process knows, by kind.",
    labelNames: ["kind"],
    registers,
    collect() {
      this.set({ kind: "SidecarSet" }, index.sidecarSets.size);
      this.set({ kind: "Pod" }, index.pods.size);
      this.set({ kind: "Namespace" }, index.namespaces.size);
      this.set({ kind: "ControllerRevision" }, index.revisions.size);
    },
  });
  new Gauge({
    name: "sidecarset_watch_age_seconds",
    help: "How long ago the API server was last heard of, by kind.",
    labelNames: ["watch"],
    registers,
    collect() {
      for (const [watch, age] of watches.ages()) this.set({ watch }, age / 1_000);
    },
  });
  new Gauge({
    name: "sidecarset_pods",
    help: "Pods of each SidecarSet by what they are to it.",
    labelNames: ["sidecarset", "state"],
    registers,
    collect() {
      this.reset();
      for (const { name: sidecarset } of index.sidecarSets.values()) {
        for (const [state, count] of Object.entries(index.pods.countsOf(sidecarset))) {
          this.set({ sidecarset, state: state.replace(/Pods$/, "") }, count);
        }
      }
    },
  });
}

import type { Observation as RequestObservation } from "../../kube/transport.ts";
import type { Observation as ReviewObservation } from "../../webhook/handler.ts";
import type { PodReviewObserver } from "../../webhook/pods.ts";
import { registerProcess } from "./process.ts";
import { type QueueMetrics, registerQueues } from "./queues.ts";
import { CONTENT_TYPE, Registry } from "./registry.ts";
import { type MetricsState, registerState } from "./state.ts";

export interface Metrics {
  observeRequest(observation: RequestObservation): void;
  observeReview(observation: ReviewObservation): void;
  /** @param ok whether the certificate could be read or made */
  observeCertificateCheck(ok: boolean): void;
  readonly podObserver: PodReviewObserver;
  readonly queues: QueueMetrics;
  /** Lets the gauges read the process's state when they are asked for. */
  observeState(state: MetricsState): void;
  text(): { contentType: string; text: string };
}

export interface MetricsOptions {
  /** Host and port of the API server. */
  readonly apiServer: string;
}

/** The process's metrics: controller-runtime's names where it has them, `sidecarset_` for the rest. */
export function createMetrics({ apiServer: host }: MetricsOptions): Metrics {
  const registry = new Registry();
  registerProcess(registry);
  const requests = registry.counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server by method and status code.",
  });
  const reviews = registry.histogram({
    name: "controller_runtime_webhook_latency_seconds",
    help: "How long admission reviews took, by path.",
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  });
  const answers = registry.counter({
    name: "controller_runtime_webhook_requests_total",
    help: "Admission reviews by path and status code.",
  });
  const injections = registry.counter({
    name: "sidecarset_injections_total",
    help: "SidecarSets that selected a created Pod, by whether they were injected and why not.",
  });
  const certificateReads = registry.counter({
    name: "certwatcher_read_certificate_total",
    help: "How often the webhook's certificate was looked after.",
  });
  const certificateErrors = registry.counter({
    name: "certwatcher_read_certificate_errors_total",
    help: "How often that failed.",
  });
  // A rate needs the zero before the first failure.
  for (const counter of [certificateReads, certificateErrors]) counter.inc({}, 0);
  return {
    observeRequest({ method, code }) {
      requests.inc({ method, code: code === undefined ? "<error>" : String(code), host });
    },
    observeReview({ path, code, seconds }) {
      reviews.observe(seconds, { webhook: path });
      answers.inc({ webhook: path, code: String(code) });
    },
    observeCertificateCheck(ok) {
      certificateReads.inc();
      if (!ok) certificateErrors.inc();
    },
    podObserver: {
      onInjected: (sidecarset) => injections.inc({ sidecarset, result: "injected", reason: "" }),
      onSkipped: ({ sidecarSet: sidecarset, reason, refuses }) =>
        injections.inc({ sidecarset, result: refuses ? "refused" : "skipped", reason }),
    },
    queues: registerQueues(registry),
    observeState: (state) => registerState(registry, state),
    text: () => ({ contentType: CONTENT_TYPE, text: registry.text() }),
  };
}

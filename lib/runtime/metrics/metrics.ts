import type { LoopMetrics } from "../../controller/loop.ts";
import type { Repair } from "../../controller/repair_backoff.ts";
import type { Observation as RequestObservation } from "../../kube/transport.ts";
import type { Observation as ReviewObservation } from "../../webhook/handler.ts";
import type { PodReviewObserver } from "../../webhook/pods.ts";
import { METRICS } from "./catalogue.ts";
import { registerProcess } from "./process.ts";
import { registerQueues } from "./queues.ts";
import { CONTENT_TYPE, Registry } from "./registry.ts";
import { type MetricsState, registerState } from "./state.ts";

/** Records the process's metrics, and writes them in the exposition format. */
interface Metrics {
  observeRequest(observation: RequestObservation): void;
  observeReview(observation: ReviewObservation): void;
  /** @param ok whether the certificate could be read or made */
  observeCertificateCheck(ok: boolean): void;
  observeRepair(repair: Repair): void;
  /** @param seconds how late a timer fired */
  observeEventLoopDelay(seconds: number): void;
  readonly podObserver: PodReviewObserver;
  readonly loops: LoopMetrics;
  /** Lets the gauges read the process's state when they are asked for. */
  observeState(state: MetricsState): void;
  text(): { contentType: string; text: string };
}

interface MetricsOptions {
  /** Of the program. */
  readonly version: string;
  /** Host and port of the API server. */
  readonly apiServer: string;
}

/** The process's metrics: controller-runtime's names where it has them, `sidecarset_` for the rest. */
export function createMetrics({ apiServer: host, version }: MetricsOptions): Metrics {
  const registry = new Registry(METRICS);
  registerProcess(registry, version);
  const delays = registry.histogram("sidecarset_event_loop_delay_seconds");
  const requests = registry.counter("rest_client_requests_total");
  const reviews = registry.histogram("controller_runtime_webhook_latency_seconds");
  const answers = registry.counter("controller_runtime_webhook_requests_total");
  const injections = registry.counter("sidecarset_injections_total");
  const repairs = registry.counter("sidecarset_repairs_total");
  const certificateReads = registry.counter("certwatcher_read_certificate_total");
  const certificateErrors = registry.counter("certwatcher_read_certificate_errors_total");
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
      certificateReads.inc({});
      if (!ok) certificateErrors.inc({});
    },
    observeRepair: ({ object: { kind = "" }, manager = "" }) => repairs.inc({ kind, manager }),
    observeEventLoopDelay: (seconds) => delays.observe(seconds, {}),
    podObserver: {
      onInjected: ({ sidecarSet: sidecarset }) =>
        injections.inc({ sidecarset, result: "injected", reason: "" }),
      onSkipped: ({ sidecarSet: sidecarset, reason, refuses }) =>
        injections.inc({ sidecarset, result: refuses ? "refused" : "skipped", reason }),
    },
    loops: registerQueues(registry),
    observeState: (state) => registerState(registry, state),
    text: () => ({ contentType: CONTENT_TYPE, text: registry.text() }),
  };
}

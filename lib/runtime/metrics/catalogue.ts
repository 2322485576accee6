/** One metric: its kind, the names of its labels, and what it says. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram in ascending order; infinity is added. */
  readonly buckets?: readonly number[];
}

/** Metrics by their names. */
export type Catalogue<C> = { readonly [N in keyof C]: MetricDefinition };

/** client-go's buckets of its work queues; what is shorter than 10 µs is of no interest here. */
const QUEUE_BUCKETS = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000];
const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const REVIEW_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/**
 * Every metric of the process. Names of controller-runtime and client-go where they have them (`pkg/metrics/workqueue.go`,
 * `pkg/internal/controller/metrics`), `sidecarset_` for the rest.
 */
export const METRICS = {
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the process started.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Memory that the process has in RAM.",
  },
  sidecarset_heap_bytes: {
    type: "gauge",
    labels: [],
    help: "Memory that V8 uses for objects.",
  },
  rest_client_requests_total: {
    type: "counter",
    labels: ["method", "code", "host"],
    help: "Requests to the API server by method and status code.",
  },
  controller_runtime_webhook_latency_seconds: {
    type: "histogram",
    labels: ["webhook"],
    help: "How long admission reviews took, by path.",
    buckets: REVIEW_BUCKETS,
  },
  controller_runtime_webhook_requests_total: {
    type: "counter",
    labels: ["webhook", "code"],
    help: "Admission reviews by path and status code.",
  },
  controller_runtime_webhook_requests_in_flight: {
    type: "gauge",
    labels: [],
    help: "Admission requests under way.",
  },
  controller_runtime_reconcile_total: {
    type: "counter",
    labels: ["controller", "result"],
    help: "Reconciliations by how they ended.",
  },
  controller_runtime_reconcile_errors_total: {
    type: "counter",
    labels: ["controller"],
    help: "Reconciliations that failed.",
  },
  controller_runtime_reconcile_time_seconds: {
    type: "histogram",
    labels: ["controller"],
    help: "How long a reconciliation took.",
    buckets: RECONCILE_BUCKETS,
  },
  controller_runtime_active_workers: {
    type: "gauge",
    labels: ["controller"],
    help: "Reconciliations under way.",
  },
  controller_runtime_max_concurrent_reconciles: {
    type: "gauge",
    labels: ["controller"],
    help: "How many reconciliations may be under way.",
  },
  workqueue_adds_total: {
    type: "counter",
    labels: ["name", "controller"],
    help: "Keys added that did not wait already.",
  },
  workqueue_retries_total: {
    type: "counter",
    labels: ["name", "controller"],
    help: "Keys added again because their work failed.",
  },
  workqueue_queue_duration_seconds: {
    type: "histogram",
    labels: ["name", "controller"],
    help: "How long a key waited after it was due.",
    buckets: QUEUE_BUCKETS,
  },
  workqueue_work_duration_seconds: {
    type: "histogram",
    labels: ["name", "controller"],
    help: "How long a key was worked on.",
    buckets: QUEUE_BUCKETS,
  },
  workqueue_depth: {
    type: "gauge",
    labels: ["name", "controller"],
    help: "Keys that wait.",
  },
  workqueue_unfinished_work_seconds: {
    type: "gauge",
    labels: ["name", "controller"],
    help: "Time spent so far on keys that are not done.",
  },
  workqueue_longest_running_processor_seconds: {
    type: "gauge",
    labels: ["name", "controller"],
    help: "Time spent so far on the key that takes longest.",
  },
  leader_election_master_status: {
    type: "gauge",
    labels: ["name"],
    help: "Whether this process is the leader.",
  },
  certwatcher_read_certificate_total: {
    type: "counter",
    labels: [],
    help: "How often the webhook's certificate was looked after.",
  },
  certwatcher_read_certificate_errors_total: {
    type: "counter",
    labels: [],
    help: "How often that failed.",
  },
  sidecarset_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    labels: [],
    help: "When the webhook's certificate expires.",
  },
  sidecarset_registration_in_force: {
    type: "gauge",
    labels: [],
    help: "Whether the webhook registration has been seen to be as the SidecarSets need it.",
  },
  sidecarset_repairs_total: {
    type: "counter",
    labels: ["kind", "manager"],
    help: "Objects of the controller's that were put right after somebody else had changed them.",
  },
  sidecarset_watch_age_seconds: {
    type: "gauge",
    labels: ["watch"],
    help: "How long ago the API server was last heard of, by kind.",
  },
  sidecarset_index_objects: {
    type: "gauge",
    labels: ["kind"],
    help: "Objects that the process knows, by kind.",
  },
  sidecarset_injections_total: {
    type: "counter",
    labels: ["sidecarset", "result", "reason"],
    help: "SidecarSets that selected a created Pod, by whether they were injected and why not.",
  },
  sidecarset_pods: {
    type: "gauge",
    labels: ["sidecarset", "state"],
    help: "Pods of each SidecarSet that has any, by what they are to it.",
  },
  sidecarset_pod_writes_in_flight: {
    type: "gauge",
    labels: [],
    help: "Pod writes under way.",
  },
  sidecarset_missed_pods: {
    type: "gauge",
    labels: ["sidecarset", "reason"],
    help: "Pods that were created without sidecars that they should have got, by why.",
  },
  sidecarset_refused_workloads: {
    type: "gauge",
    labels: ["sidecarset", "reason"],
    help: "Workloads that lack Pods because the API server refuses them with the sidecars.",
  },
  sidecarset_cleanup_pods: {
    type: "gauge",
    labels: ["sidecarset"],
    help: "Pods with sidecars that are no longer needed and are still to be cleaned up.",
  },
} as const satisfies Catalogue<Record<string, MetricDefinition>>;

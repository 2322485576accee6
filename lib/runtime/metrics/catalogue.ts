/** One metric: its type, label names and help text. */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram in ascending order, without +Inf. */
  readonly buckets?: readonly number[];
}

/** Metrics by name. */
export type Catalogue<C> = { readonly [N in keyof C]: MetricDefinition };

/** client-go's work queue buckets, without those below 10 µs. */
const QUEUE_BUCKETS = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000];
const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const EVENT_LOOP_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];
const REVIEW_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/**
 * Every metric of the process. Names follow controller-runtime and client-go where those have the metric
 * (`pkg/metrics/workqueue.go`, `pkg/internal/controller/metrics`), `sidecarset_` for the rest.
 */
export const METRICS = {
  sidecarset_build_info: {
    type: "gauge",
    labels: ["version", "deno_version", "v8_version"],
    help: "Always 1; the labels are the versions of the program, Deno and V8.",
  },
  process_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "Start time of the process in seconds since the Unix epoch.",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory size in bytes.",
  },
  sidecarset_heap_bytes: {
    type: "gauge",
    labels: [],
    help: "V8 heap in use in bytes.",
  },
  sidecarset_memory_limit_bytes: {
    type: "gauge",
    labels: [],
    help: "Memory limit of the process's cgroup in bytes; absent without one.",
  },
  sidecarset_event_loop_delay_seconds: {
    type: "histogram",
    labels: [],
    help: "How late timers fire in seconds, sampled: admission reviews that arrive wait as long.",
    buckets: EVENT_LOOP_BUCKETS,
  },
  rest_client_requests_total: {
    type: "counter",
    labels: ["method", "code", "host"],
    help: "Requests to the API server, by method, status code and host.",
  },
  controller_runtime_webhook_latency_seconds: {
    type: "histogram",
    labels: ["webhook"],
    help: "Duration of admission reviews in seconds, by path.",
    buckets: REVIEW_BUCKETS,
  },
  controller_runtime_webhook_requests_total: {
    type: "counter",
    labels: ["webhook", "code"],
    help: "Admission reviews, by path and status code.",
  },
  controller_runtime_webhook_requests_in_flight: {
    type: "gauge",
    labels: [],
    help: "Admission reviews currently in progress.",
  },
  controller_runtime_reconcile_total: {
    type: "counter",
    labels: ["controller", "result"],
    help: "Reconciliations, by controller and result.",
  },
  controller_runtime_reconcile_errors_total: {
    type: "counter",
    labels: ["controller"],
    help: "Failed reconciliations, by controller.",
  },
  controller_runtime_reconcile_time_seconds: {
    type: "histogram",
    labels: ["controller"],
    help: "Duration of reconciliations in seconds, by controller.",
    buckets: RECONCILE_BUCKETS,
  },
  controller_runtime_active_workers: {
    type: "gauge",
    labels: ["controller"],
    help: "Reconciliations currently in progress, by controller.",
  },
  controller_runtime_max_concurrent_reconciles: {
    type: "gauge",
    labels: ["controller"],
    help: "Maximum number of concurrent reconciliations, by controller.",
  },
  workqueue_adds_total: {
    type: "counter",
    labels: ["name", "controller"],
    help: "Keys added to the queue, without those that were already waiting.",
  },
  workqueue_retries_total: {
    type: "counter",
    labels: ["name", "controller"],
    help: "Keys added again after a failure.",
  },
  workqueue_queue_duration_seconds: {
    type: "histogram",
    labels: ["name", "controller"],
    help: "Seconds that a key waited in the queue after it was due.",
    buckets: QUEUE_BUCKETS,
  },
  workqueue_work_duration_seconds: {
    type: "histogram",
    labels: ["name", "controller"],
    help: "Seconds that the processing of a key took.",
    buckets: QUEUE_BUCKETS,
  },
  workqueue_depth: {
    type: "gauge",
    labels: ["name", "controller"],
    help: "Keys that are due and wait, also while worked on; new SidecarSets of a burst included.",
  },
  workqueue_unfinished_work_seconds: {
    type: "gauge",
    labels: ["name", "controller"],
    help: "Total seconds spent so far on keys that are being processed.",
  },
  workqueue_longest_running_processor_seconds: {
    type: "gauge",
    labels: ["name", "controller"],
    help: "Seconds spent so far on the key that has been processed longest.",
  },
  leader_election_master_status: {
    type: "gauge",
    labels: ["name"],
    help: "1 if this process is the leader, else 0.",
  },
  certwatcher_read_certificate_total: {
    type: "counter",
    labels: [],
    help: "Checks of the webhook's certificate.",
  },
  certwatcher_read_certificate_errors_total: {
    type: "counter",
    labels: [],
    help: "Failed checks of the webhook's certificate.",
  },
  sidecarset_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    labels: [],
    help: "Expiry time of the webhook's certificate in seconds since the Unix epoch.",
  },
  sidecarset_registration_in_force: {
    type: "gauge",
    labels: [],
    help: "1 if the observed webhook registration matches the SidecarSets, else 0.",
  },
  sidecarset_repairs_total: {
    type: "counter",
    labels: ["kind", "manager"],
    help: "Objects restored after another field manager changed them, by kind and manager.",
  },
  sidecarset_watch_age_seconds: {
    type: "gauge",
    labels: ["watch"],
    help: "Seconds since the last list page, event or bookmark, per watch.",
  },
  sidecarset_index_objects: {
    type: "gauge",
    labels: ["kind"],
    help: "Objects in the index, by kind.",
  },
  sidecarset_injections_total: {
    type: "counter",
    labels: ["sidecarset", "result", "reason"],
    help:
      "Injection decisions for created Pods, by SidecarSet, result and reason; skips by review.",
  },
  sidecarset_pods: {
    type: "gauge",
    labels: ["sidecarset", "state"],
    help: "Pods per SidecarSet, by state.",
  },
  sidecarset_status_condition: {
    type: "gauge",
    labels: ["sidecarset", "type", "status", "reason"],
    help:
      "1 for the current status and reason of each condition, per SidecarSet that has Pods or is not Ready.",
  },
  sidecarset_sidecarsets: {
    type: "gauge",
    labels: ["mechanism"],
    help: "SidecarSets that are injected into new Pods, by the mechanism that does it now.",
  },
  sidecarset_pod_writes_in_flight: {
    type: "gauge",
    labels: [],
    help: "Pod writes currently in progress.",
  },
  sidecarset_resizing_pods: {
    type: "gauge",
    labels: ["sidecarset", "reason"],
    help: "Pods whose kubelet has not applied new resources of the current revision, by reason.",
  },
  sidecarset_missed_pods: {
    type: "gauge",
    labels: ["sidecarset", "reason"],
    help: "Missed Pods per SidecarSet, by reason.",
  },
  sidecarset_refused_workloads: {
    type: "gauge",
    labels: ["sidecarset", "reason"],
    help:
      "Workloads whose Pods the API server refuses because of the sidecars, by SidecarSet and reason.",
  },
  sidecarset_cleanup_pods: {
    type: "gauge",
    labels: ["sidecarset"],
    help: "Pods whose unneeded sidecars still have to be cleaned up, per SidecarSet.",
  },
} as const satisfies Catalogue<Record<string, MetricDefinition>>;

import type { QueueObserver, WorkQueue } from "../../controller/queue.ts";
import type { Registry } from "./registry.ts";

export interface QueueMetrics {
  /** The observer of one controller's queue. */
  observer(controller: string): QueueObserver;
  /** Lets the gauges read the queue when they are asked for. */
  observe(controller: string, queue: WorkQueue): void;
}

/** client-go's buckets of its work queues; what is shorter than 10 µs is of no interest here. */
const QUEUE_BUCKETS = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000];
const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const RESULTS = ["success", "requeue_after", "error"] as const;

/** Metrics of the reconcile loops (controller-runtime `pkg/internal/controller/metrics`, `pkg/metrics/workqueue.go`). */
export function registerQueues(registry: Registry): QueueMetrics {
  const total = registry.counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciliations by how they ended.",
  });
  const errors = registry.counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciliations that failed.",
  });
  const time = registry.histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "How long a reconciliation took.",
    buckets: RECONCILE_BUCKETS,
  });
  const adds = registry.counter({
    name: "workqueue_adds_total",
    help: "Keys added that did not wait already.",
  });
  const retries = registry.counter({
    name: "workqueue_retries_total",
    help: "Keys added again because their work failed.",
  });
  const waited = registry.histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long a key waited after it was due.",
    buckets: QUEUE_BUCKETS,
  });
  const worked = registry.histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long a key was worked on.",
    buckets: QUEUE_BUCKETS,
  });
  const queues = new Map<string, WorkQueue>();
  registerQueueGauges(registry, queues);
  return {
    observer(controller) {
      const queue = { name: controller, controller };
      for (const result of RESULTS) total.inc({ controller, result }, 0);
      errors.inc({ controller }, 0);
      adds.inc(queue, 0);
      retries.inc(queue, 0);
      return {
        onAdded: () => adds.inc(queue),
        onStarted: (milliseconds) => waited.observe(milliseconds / 1_000, queue),
        onDone(outcome, milliseconds) {
          const failed = "failed" in outcome;
          time.observe(milliseconds / 1_000, { controller });
          worked.observe(milliseconds / 1_000, queue);
          const requeued = !failed && outcome.requeueAfter !== undefined;
          const result = failed ? "error" : requeued ? "requeue_after" : "success";
          total.inc({ controller, result });
          if (!failed) return;
          errors.inc({ controller });
          retries.inc(queue);
        },
      };
    },
    observe: (controller, queue) => queues.set(controller, queue),
  };
}

function registerQueueGauges(registry: Registry, queues: ReadonlyMap<string, WorkQueue>): void {
  const each = (
    labelsOf: (controller: string) => Record<string, string>,
    read: (queue: WorkQueue) => number,
  ) =>
  () =>
    [...queues].map(([controller, queue]) => ({
      labels: labelsOf(controller),
      value: read(queue),
    }));
  const byQueue = (controller: string) => ({ name: controller, controller });
  const byController = (controller: string) => ({ controller });
  registry.gauge(
    { name: "workqueue_depth", help: "Keys that wait." },
    each(byQueue, (queue) => queue.depth),
  );
  registry.gauge(
    {
      name: "workqueue_unfinished_work_seconds",
      help: "Time spent so far on keys that are not done.",
    },
    each(byQueue, (queue) => queue.unfinished().reduce((sum, age) => sum + age, 0) / 1_000),
  );
  registry.gauge(
    {
      name: "workqueue_longest_running_processor_seconds",
      help: "Time spent so far on the key that takes longest.",
    },
    each(byQueue, (queue) => Math.max(0, ...queue.unfinished()) / 1_000),
  );
  registry.gauge(
    { name: "controller_runtime_active_workers", help: "Reconciliations under way." },
    each(byController, (queue) => queue.unfinished().length),
  );
  registry.gauge(
    {
      name: "controller_runtime_max_concurrent_reconciles",
      help: "How many reconciliations may be under way.",
    },
    each(byController, (queue) => queue.concurrency),
  );
}

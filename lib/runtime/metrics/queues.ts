import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { QueueObserver, WorkQueue } from "../../controller/queue.ts";

export interface QueueMetrics {
  /** The observer of one controller's queue. */
  observer(controller: string): QueueObserver;
  /** Lets the gauges read the queue when they are asked for. */
  observe(controller: string, queue: WorkQueue): void;
}

/** client-go's buckets of its work queues: 10 ns to 1,000 s; what is shorter than 10 µs is of no interest here. */
const QUEUE_BUCKETS = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000];
const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const RESULTS = ["success", "requeue_after", "error"] as const;

/** Metrics of the reconcile loops (controller-runtime `pkg/internal/controller/metrics`, `pkg/metrics/workqueue.go`). */
export function registerQueues(registers: Registry[]): QueueMetrics {
  const byController = { labelNames: ["controller"] as const, registers };
  const byQueue = { labelNames: ["name", "controller"] as const, registers };
  const total = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciliations by how they ended.",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciliations that failed.",
    ...byController,
  });
  const time = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "How long a reconciliation took.",
    buckets: RECONCILE_BUCKETS,
    ...byController,
  });
  const adds = new Counter({
    name: "workqueue_adds_total",
    help: "Keys added that did not wait already.",
    ...byQueue,
  });
  const retries = new Counter({
    name: "workqueue_retries_total",
    help: "Keys added again because their work failed.",
    ...byQueue,
  });
  const waited = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long a key waited after it was due.",
    buckets: QUEUE_BUCKETS,
    ...byQueue,
  });
  const worked = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long a key was worked on.",
    buckets: QUEUE_BUCKETS,
    ...byQueue,
  });
  const queues = new Map<string, WorkQueue>();
  registerQueueGauges(registers, queues);
  return {
    observer(controller) {
      const queue = { name: controller, controller };
      for (const result of RESULTS) total.inc({ controller, result }, 0);
      errors.inc({ controller }, 0);
      retries.inc(queue, 0);
      return {
        onAdded: () => adds.inc(queue),
        onStarted: (milliseconds) => waited.observe(queue, milliseconds / 1_000),
        onDone(outcome, milliseconds) {
          const failed = "failed" in outcome;
          time.observe({ controller }, milliseconds / 1_000);
          worked.observe(queue, milliseconds / 1_000);
          const requeued = !failed && outcome.requeueAfter !== undefined;
          total.inc({
            controller,
            result: failed ? "error" : requeued ? "requeue_after" : "success",
          });
          if (!failed) return;
          errors.inc({ controller });
          retries.inc(queue);
        },
      };
    },
    observe: (controller, queue) => queues.set(controller, queue),
  };
}

function registerQueueGauges(registers: Registry[], queues: ReadonlyMap<string, WorkQueue>): void {
  const gauge = (name: string, help: string, read: (queue: WorkQueue) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["name", "controller"],
      registers,
      collect() {
        for (const [controller, queue] of queues) {
          this.set({ name: controller, controller }, read(queue));
        }
      },
    });
  gauge("workqueue_depth", "Keys that wait.", (queue) => queue.depth);
  gauge(
    "workqueue_unfinished_work_seconds",
    "Time spent so far on keys that are not done.",
    (queue) => queue.unfinished().reduce((sum, milliseconds) => sum + milliseconds, 0) / 1_000,
  );
  gauge(
    "workqueue_longest_running_processor_seconds",
    "Time spent so far on the key that takes longest.",
    (queue) => Math.max(0, ...queue.unfinished()) / 1_000,
  );
  const ofController = (name: string, help: string, read: (queue: WorkQueue) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["controller"],
      registers,
      collect() {
        for (const [controller, queue] of queues) this.set({ controller }, read(queue));
      },
    });
  ofController(
    "controller_runtime_active_workers",
    "Reconciliations under way.",
    (queue) => queue.unfinished().length,
  );
  ofController(
    "controller_runtime_max_concurrent_reconciles",
    "How many reconciliations may be under way.",
    (queue) => queue.concurrency,
  );
}

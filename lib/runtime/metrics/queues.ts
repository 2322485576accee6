import type { LoopMetrics } from "../../controller/loop.ts";
import type { WorkQueue } from "../../controller/queue.ts";
import type { METRICS } from "./catalogue.ts";
import type { Registry } from "./registry.ts";

const RESULTS = ["success", "requeue_after", "error"] as const;

/** Metrics of the reconcile loops. */
export function registerQueues(registry: Registry<typeof METRICS>): LoopMetrics {
  const total = registry.counter("controller_runtime_reconcile_total");
  const errors = registry.counter("controller_runtime_reconcile_errors_total");
  const time = registry.histogram("controller_runtime_reconcile_time_seconds");
  const adds = registry.counter("workqueue_adds_total");
  const retries = registry.counter("workqueue_retries_total");
  const waited = registry.histogram("workqueue_queue_duration_seconds");
  const worked = registry.histogram("workqueue_work_duration_seconds");
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

function registerQueueGauges(
  registry: Registry<typeof METRICS>,
  queues: ReadonlyMap<string, WorkQueue>,
): void {
  const each = <L>(
    labelsOf: (controller: string) => L,
    read: (queue: WorkQueue) => number,
  ) =>
  () =>
    [...queues].map(([controller, queue]) => ({
      labels: labelsOf(controller),
      value: read(queue),
    }));
  const byQueue = (controller: string) => ({ name: controller, controller });
  const byController = (controller: string) => ({ controller });
  registry.gauge("workqueue_depth", each(byQueue, (queue) => queue.depth));
  registry.gauge(
    "workqueue_unfinished_work_seconds",
    each(byQueue, (queue) => queue.unfinished().reduce((sum, age) => sum + age, 0) / 1_000),
  );
  registry.gauge(
    "workqueue_longest_running_processor_seconds",
    each(byQueue, (queue) => Math.max(0, ...queue.unfinished()) / 1_000),
  );
  registry.gauge(
    "controller_runtime_active_workers",
    each(byController, (queue) => queue.unfinished().length),
  );
  registry.gauge(
    "controller_runtime_max_concurrent_reconciles",
    each(byController, (queue) => queue.concurrency),
  );
}

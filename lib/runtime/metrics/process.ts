import type { METRICS } from "./catalogue.ts";
import type { Registry } from "./registry.ts";

/** What Prometheus' clients say of every process, as far as it can be known without reading files. */
export function registerProcess(registry: Registry<typeof METRICS>): void {
  const started = (Date.now() - performance.now()) / 1_000;
  registry.gauge("process_start_time_seconds", () => started);
  registry.gauge("process_resident_memory_bytes", () => Deno.memoryUsage().rss);
  registry.gauge("sidecarset_heap_bytes", () => Deno.memoryUsage().heapUsed);
}

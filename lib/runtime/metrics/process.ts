import type { Registry } from "./registry.ts";

/** What Prometheus' clients say of every process, as far as it can be known without reading files. */
export function registerProcess(registry: Registry): void {
  const started = (Date.now() - performance.now()) / 1_000;
  registry.gauge(
    { name: "process_start_time_seconds", help: "When the process started." },
    () => started,
  );
  registry.gauge(
    { name: "process_resident_memory_bytes", help: "Memory that the process has in RAM." },
    () => Deno.memoryUsage().rss,
  );
  registry.gauge(
    { name: "sidecarset_heap_bytes", help: "Memory that V8 uses for objects." },
    () => Deno.memoryUsage().heapUsed,
  );
}

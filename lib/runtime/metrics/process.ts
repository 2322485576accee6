import { Gauge, type Registry } from "prom-client";

/** What Prometheus' clients say of every process; prom-client's own collectors read files that this process may not, and what Deno does not have. */
export function registerProcess(registers: Registry[]): void {
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started.",
    registers,
  }).set((Date.now() - performance.now()) / 1_000);
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory that the process has in RAM.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "sidecarset_heap_bytes",
    help: "Memory that V8 uses for objects.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().heapUsed);
    },
  });
}

import type { METRICS } from "./catalogue.ts";
import type { Registry } from "./registry.ts";

/** Limits of the own cgroup as a container sees it: version 2, then version 1. */
const LIMIT_FILES = [
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];
/** Version 1 has no word for "unlimited": it prints the largest multiple of the page size. */
const UNLIMITED = 2 ** 62;

/** Metrics of the process itself; those that Prometheus' clients share keep their names. */
export function registerProcess(registry: Registry<typeof METRICS>, version: string): void {
  const started = (Date.now() - performance.now()) / 1_000;
  const { deno, v8 } = Deno.version;
  registry.gauge(
    "sidecarset_build_info",
    () => [{ labels: { version, deno_version: deno, v8_version: v8 }, value: 1 }],
  );
  registry.gauge("process_start_time_seconds", () => started);
  registry.gauge("process_resident_memory_bytes", () => Deno.memoryUsage().rss);
  registry.gauge("sidecarset_heap_bytes", () => Deno.memoryUsage().heapUsed);
  registry.gauge("sidecarset_memory_limit_bytes", () => {
    const value = memoryLimit();
    return value === undefined ? [] : [{ labels: {}, value }];
  });
}

/**
 * Memory limit of the process's cgroup in bytes. It is read each time, as a container can be resized in place.
 *
 * @returns undefined without a limit, and outside of Linux
 */
export function memoryLimit(files: readonly string[] = LIMIT_FILES): number | undefined {
  for (const file of files) {
    const bytes = Number(readText(file));
    // `max` is not a number.
    if (bytes > 0 && bytes < UNLIMITED) return bytes;
  }
  return undefined;
}

function readText(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    // Absent outside of containers, and not readable everywhere; a metric must not fail the scrape.
    return "";
  }
}

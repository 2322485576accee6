import type { ControllerProcess } from "./controller_process.ts";

/** By metric, by its labels as they are printed (empty where there are none), the value. */
export type Metrics = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** What `/metrics` of a controller says now. */
export async function metricsOf(controller: ControllerProcess): Promise<Metrics> {
  const response = await fetch(`${controller.healthUrl}/metrics`);
  const metrics = new Map<string, Map<string, number>>();
  for (const line of (await response.text()).split("\n")) {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const values = metrics.get(name) ?? new Map<string, number>();
    values.set(labels, Number(value));
    metrics.set(name, values);
  }
  return metrics;
}

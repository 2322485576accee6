/** Values of a series' labels by their names, in the order in which they are printed. */
export type LabelValues = Readonly<Record<string, string>>;

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds in ascending order; infinity is added. */
  readonly buckets: readonly number[];
}

/** A number that only grows. */
export interface Counter {
  inc(labels?: LabelValues, by?: number): void;
}

/** A distribution of observed values. */
export interface Histogram {
  observe(value: number, labels?: LabelValues): void;
}

/** One value of a gauge. */
export interface Sample {
  readonly labels?: LabelValues;
  readonly value: number;
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Metrics in Prometheus' text format. An own one of a hundred lines: what prom-client depends on (bintrees) makes `deno compile` overflow its
 * stack, and its collectors read what Deno does not have.
 */
export class Registry {
  readonly #metrics: (() => string)[] = [];

  counter(options: MetricOptions): Counter {
    const values = new Map<string, number>();
    this.#add(options, "counter", function* () {
      for (const [labels, value] of values) yield `${options.name}${labels} ${numberText(value)}`;
    });
    return {
      inc(labels = {}, by = 1) {
        const key = labelText(labels);
        values.set(key, (values.get(key) ?? 0) + by);
      },
    };
  }

  /** @param collect reads the values at the moment when they are asked for */
  gauge(options: MetricOptions, collect: () => Iterable<Sample> | number): void {
    this.#add(options, "gauge", function* () {
      const collected = collect();
      const samples = typeof collected === "number" ? [{ value: collected }] : collected;
      for (const { labels = {}, value } of samples) {
        yield `${options.name}${labelText(labels)} ${numberText(value)}`;
      }
    });
  }

  histogram(options: HistogramOptions): Histogram {
    const { name, buckets } = options;
    const series = new Map<string, Distribution>();
    this.#add(options, "histogram", function* () {
      for (const { labels, counts, sum } of series.values()) {
        let total = 0;
        for (const [index, count] of counts.entries()) {
          total += count;
          const le = numberText(buckets[index] ?? Infinity);
          yield `${name}_bucket${labelText({ ...labels, le })} ${total}`;
        }
        yield `${name}_sum${labelText(labels)} ${numberText(sum)}`;
        yield `${name}_count${labelText(labels)} ${total}`;
      }
    });
    return {
      observe(value, labels = {}) {
        const key = labelText(labels);
        let found = series.get(key);
        if (!found) {
          found = { labels, counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
          series.set(key, found);
        }
        const place = buckets.findIndex((bound) => value <= bound);
        const index = place < 0 ? buckets.length : place;
        found.counts[index] = (found.counts[index] ?? 0) + 1;
        found.sum += value;
      },
    };
  }

  /** All metrics in the order in which they were made. */
  text(): string {
    return this.#metrics.map((print) => print()).join("");
  }

  #add({ name, help }: MetricOptions, type: string, lines: () => Iterable<string>): void {
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    this.#metrics.push(() => head + [...lines()].map((line) => `${line}\n`).join(""));
  }
}

interface Distribution {
  readonly labels: LabelValues;
  readonly counts: number[];
  sum: number;
}

function labelText(labels: LabelValues): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

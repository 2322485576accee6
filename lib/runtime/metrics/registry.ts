import type { Catalogue, MetricDefinition } from "./catalogue.ts";

/** Values of a series' labels by their names, in the order in which they are printed. */
type LabelValues = Readonly<Record<string, string>>;

/** Names of the metrics of one type. */
type NameOf<C extends Catalogue<C>, T extends MetricDefinition["type"]> =
  & { [N in keyof C]: C[N]["type"] extends T ? N : never }[keyof C]
  & string;

/** A value for each label of a metric. */
export type LabelsOf<C extends Catalogue<C>, N extends keyof C> = Readonly<
  Record<C[N]["labels"][number], string>
>;

/** A number that only grows. */
interface Counter<L extends LabelValues = LabelValues> {
  inc(labels: L, by?: number): void;
}

/** A distribution of observed values. */
interface Histogram<L extends LabelValues = LabelValues> {
  observe(value: number, labels: L): void;
}

/** One value of a gauge. */
export interface Sample<L extends LabelValues = LabelValues> {
  readonly labels: L;
  readonly value: number;
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Metrics in Prometheus' text format. An own one of a hundred lines: what prom-client depends on (bintrees) makes `deno
 * compile` overflow its stack, and its collectors read what Deno does not have.
 */
export class Registry<C extends Catalogue<C>> {
  readonly #catalogue: C;
  readonly #metrics: (() => string)[] = [];

  constructor(catalogue: C) {
    this.#catalogue = catalogue;
  }

  counter<N extends NameOf<C, "counter">>(name: N): Counter<LabelsOf<C, N>> {
    const series = new Series(this.#catalogue[name].labels, (labels) => ({
      labels: labelText(labels),
      value: 0,
    }));
    this.#add(name, function* () {
      for (const { labels, value } of series.values()) {
        yield `${name}${labels} ${numberText(value)}`;
      }
    });
    return {
      inc(labels, by = 1) {
        series.of(labels).value += by;
      },
    };
  }

  /** @param collect reads the values at the moment when they are asked for */
  gauge<N extends NameOf<C, "gauge">>(
    name: N,
    collect: () => Iterable<Sample<LabelsOf<C, N>>> | number,
  ): void {
    this.#add(name, function* () {
      const collected = collect();
      if (typeof collected === "number") {
        yield `${name} ${numberText(collected)}`;
        return;
      }
      for (const { labels, value } of collected) {
        yield `${name}${labelText(labels)} ${numberText(value)}`;
      }
    });
  }

  histogram<N extends NameOf<C, "histogram">>(name: N): Histogram<LabelsOf<C, N>> {
    const buckets = this.#catalogue[name].buckets ?? [];
    const series = new Series(this.#catalogue[name].labels, (labels) => ({
      labels,
      counts: new Array<number>(buckets.length + 1).fill(0),
      sum: 0,
    }));
    this.#add(name, function* () {
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
      observe(value, labels) {
        const found = series.of(labels);
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

  #add(name: keyof C & string, lines: () => Iterable<string>): void {
    const { type, help } = this.#catalogue[name];
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    this.#metrics.push(() => head + [...lines()].map((line) => `${line}\n`).join(""));
  }
}

/** What a metric holds for each set of values of its labels. */
class Series<T> {
  readonly #names: readonly string[];
  readonly #make: (labels: LabelValues) => T;
  readonly #byValues = new Map<string, T>();

  constructor(names: readonly string[], make: (labels: LabelValues) => T) {
    this.#names = names;
    this.#make = make;
  }

  of(labels: LabelValues): T {
    // No text as it is printed: a review has three of them to find.
    let key = "";
    for (const name of this.#names) key += `${labels[name]}\0`;
    const known = this.#byValues.get(key);
    if (known !== undefined) return known;
    const made = this.#make(labels);
    this.#byValues.set(key, made);
    return made;
  }

  values(): IterableIterator<T> {
    return this.#byValues.values();
  }
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

import { Multimap } from "../core/multimap.ts";
import type { RequiredLabel } from "../core/select/label_selector.ts";

/** Names of SidecarSets that require the same. */
type Bucket = Iterable<string>;

interface KeyBuckets {
  /** SidecarSets that require one of some values. */
  readonly byValue: Multimap;
  /** SidecarSets that require the key with any value. */
  readonly anyValue: Set<string>;
}

/** An inverted index: SidecarSets by one label that they require of a Pod or of its namespace. */
export class LabelBuckets {
  readonly #byKey = new Map<string, KeyBuckets>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  add({ key, values }: RequiredLabel, name: string): void {
    const buckets = this.#byKey.get(key) ?? { byValue: new Multimap(), anyValue: new Set() };
    this.#byKey.set(key, buckets);
    const { byValue, anyValue } = buckets;
    if (values === undefined) anyValue.add(name);
    for (const value of values ?? []) byValue.add(value, name);
  }

  delete({ key, values }: RequiredLabel, name: string): void {
    const buckets = this.#byKey.get(key);
    if (buckets === undefined) return;
    const { byValue, anyValue } = buckets;
    if (values === undefined) anyValue.delete(name);
    for (const value of values ?? []) byValue.delete(value, name);
    if (byValue.size + anyValue.size === 0) this.#byKey.delete(key);
  }

  /** Size of the fullest bucket that has the SidecarSets with this requirement. */
  fullest({ key, values }: RequiredLabel): number {
    const buckets = this.#byKey.get(key);
    if (buckets === undefined) return 0;
    if (values === undefined) return buckets.anyValue.size;
    return values.reduce((most, value) => Math.max(most, buckets.byValue.count(value)), 0);
  }

  /** Calls back with each bucket whose SidecarSets can select an object that has this label. */
  visit(key: string, value: string, take: (bucket: Bucket) => void): void {
    const buckets = this.#byKey.get(key);
    if (buckets === undefined) return;
    take(buckets.byValue.valuesOf(value));
    if (buckets.anyValue.size > 0) take(buckets.anyValue);
  }

  /** The buckets of all SidecarSets but those that require another value of one of these labels. */
  *compatible(required: readonly RequiredLabel[]): Generator<Bucket> {
    for (const [key, { byValue, anyValue }] of this.#byKey) {
      const values = required.find((each) => each.key === key && each.values)?.values;
      yield anyValue;
      for (const value of values ?? byValue.keys()) yield byValue.valuesOf(value);
    }
  }
}

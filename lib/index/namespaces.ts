import type { Namespace } from "../api/pod.ts";
import type { NamespaceFacts } from "../core/prepared.ts";
import { labelTimes } from "../core/select/label_times.ts";

/** The labels of every namespace. */
export class NamespaceIndex {
  readonly #byName = new Map<string, NamespaceFacts>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): NamespaceFacts | undefined {
    return this.#byName.get(name);
  }

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** @returns whether the labels changed */
  apply(namespace: Namespace): boolean {
    const name = namespace.metadata.name ?? "";
    const labels = namespace.metadata.labels ?? {};
    const known = this.#byName.get(name);
    const { managedFields } = namespace.metadata;
    const times = managedFields === undefined ? {} : { labelTimes: labelTimes(managedFields) };
    const isSame = known !== undefined && sameLabels(known.labels, labels);
    this.#byName.set(name, { name, labels: isSame ? known.labels : labels, ...times });
    return !isSame;
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }
}

function sameLabels(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

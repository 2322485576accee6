import type { Namespace } from "../api/pod.ts";
import type { NamespaceFacts } from "../core/prepared.ts";
import { sameLabels } from "../core/select/label_selector.ts";
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

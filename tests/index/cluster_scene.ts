import type { Logger } from "../../lib/api/logger.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Namespace, Pod } from "../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { podKey } from "../../lib/index/pods.ts";
import type { Change } from "../../lib/kube/reflector_types.ts";
import { changeApplier } from "../../lib/runtime/reflection.ts";
import type { PodForm, SidecarSetForm } from "./cluster_objects.ts";

type Holder<T extends KubeObject> = Parameters<typeof changeApplier<T>>[0];
type Event<T> = { readonly type: "apply" | "delete"; readonly object: T };

/** The objects of one kind, and a reflector that delivers them to an index with any delay. */
export class LateReflector<T extends KubeObject, F> {
  /** With the forms that they were made of. */
  readonly stored = new Map<string, { readonly object: T; readonly form: F }>();
  readonly #keyOf: (object: T) => string;
  readonly #take: (change: Change<T>) => void;
  readonly #log: Event<T>[] = [];
  /** Number of delivered events of the log. */
  #delivered = 0;
  #list: { readonly items: readonly T[]; at: number } | undefined;

  constructor(into: Holder<T>) {
    this.#keyOf = into.keyOf;
    this.#take = changeApplier(into, { logger: throwingLogger() });
  }

  put(object: T, form: F): void {
    const key = this.#keyOf(object);
    this.stored.set(key, { object, form });
    this.#log.push({ type: "apply", object });
  }

  delete(key: string): void {
    const known = this.stored.get(key);
    if (known === undefined) return;
    this.stored.delete(key);
    this.#log.push({ type: "delete", object: known.object });
  }

  objects(): T[] {
    return [...this.stored.values()].map(({ object }) => object);
  }

  /** The watch is lost, or a list is interrupted: lists the current objects. */
  relist(): void {
    this.#list = { items: this.objects(), at: 0 };
    this.#delivered = this.#log.length;
  }

  /** Delivers the next page of the list, or the next event of the watch; false if there is none. */
  deliver(pageSize: number): boolean {
    if (this.#list !== undefined) {
      const { items, at } = this.#list;
      this.#list.at += pageSize;
      const page = items.slice(at, at + pageSize);
      this.#take({ type: "page", items: page, first: at === 0 });
      if (at + pageSize < items.length) return true;
      this.#list = undefined;
      this.#take({ type: "listed", resourceVersion: "" });
      return true;
    }
    const event = this.#log[this.#delivered];
    if (event === undefined) return false;
    this.#delivered++;
    this.#take(event);
    return true;
  }
}

/** A SidecarSet as a watch brings it, with what is made of it. */
export interface StoredSidecarSet extends KubeObject {
  readonly prepared: PreparedSidecarSet;
}

/** A cluster, and an index with a reflector for each kind. */
export function lateCluster() {
  const classifying: (() => boolean)[] = [];
  const index = new ClusterIndex({
    slices: {
      pods: 1,
      hasTime: () => true,
      attempt: (part) => part(),
      run: (work) => void classifying.push(work),
    },
  });
  const nameOf = ({ metadata }: KubeObject) => metadata.name ?? "";
  const pods = new LateReflector<Pod, PodForm>({
    name: "pods",
    known: () => [...index.pods.keys()],
    keyOf: podKey,
    apply(pod) {
      if (!index.knowsPod(pod)) index.applyPod(pod);
    },
    delete: (key) => void index.deletePod(key),
  });
  const sidecarSets = new LateReflector<StoredSidecarSet, SidecarSetForm>({
    name: "sidecarsets",
    known: () => [...index.sidecarSets.values()].map(({ name }) => name),
    keyOf: nameOf,
    apply(object) {
      if (!index.knowsSidecarSet(object)) index.applySidecarSet(object.prepared);
    },
    delete: (name) => void index.deleteSidecarSet(name),
  });
  const namespaces = new LateReflector<Namespace, unknown>({
    name: "namespaces",
    known: () => [...index.namespaces.names()],
    keyOf: nameOf,
    apply: (namespace) => void index.applyNamespace(namespace),
    delete: (name) => index.deleteNamespace(name),
  });
  /** Classifies one more Pod; answers whether any are left. */
  const classify = () => {
    const [work] = classifying;
    if (work !== undefined && !work()) classifying.shift();
    return classifying.length > 0;
  };
  return { index, pods, sidecarSets, namespaces, classify };
}

/** An index that gets every object once, as after a start of the process. */
export function freshIndex(
  { pods, sidecarSets, namespaces }: Omit<ReturnType<typeof lateCluster>, "index" | "classify">,
): ClusterIndex {
  const index = new ClusterIndex();
  for (const namespace of namespaces.objects()) index.applyNamespace(namespace);
  for (const { prepared } of sidecarSets.objects()) index.applySidecarSet(prepared);
  for (const pod of pods.objects()) index.applyPod(pod);
  return index;
}

/** An object that cannot be applied fails the test. */
function throwingLogger(): Logger {
  const fail = (message: string, fields?: unknown) => {
    throw new Error(`${message}: ${JSON.stringify(fields)}`);
  };
  return { debug: fail, info: fail, warn: fail, error: fail };
}

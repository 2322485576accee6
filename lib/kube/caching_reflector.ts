import type { KubeObject } from "../api/objects.ts";
import type { Lister, Reflector, ReflectorEvent, Watcher } from "./contract.ts";
import { EventQueue } from "./event_queue.ts";
import type { Change } from "./reflector.ts";
import { ReflectorLoop, type ReflectorOptions } from "./reflector_loop.ts";
import { readObject } from "./resources.ts";

export type CachingReflectorOptions<T extends KubeObject> = Omit<
  ReflectorOptions<T, T>,
  "source" | "onChange"
>;

/** The contract's reflector. It keeps the objects itself, so it is for kinds that no index holds. */
export class CachingReflector<T extends KubeObject> implements Reflector<T> {
  readonly #loop: ReflectorLoop<T, T>;
  readonly #observers = new Set<EventQueue<ReflectorEvent<T>>>();
  #objects = new Map<string, T>();
  #version: string | undefined;
  #ended = false;

  constructor(lister: Lister<T>, watcher: Watcher<T>, options: CachingReflectorOptions<T>) {
    this.#loop = new ReflectorLoop<T, T>({
      ...options,
      source: { list: lister, watch: watcher, read: readObject<T> },
      onChange: (change) => this.#take(change),
    });
  }

  /** Without a signal it runs for ever. */
  async run(signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.#loop.run(signal);
    this.#ended = true;
    for (const observer of this.#observers) observer.wake();
  }

  getCached(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  listCached(): Iterable<T> {
    return this.#objects.values();
  }

  isSynced(): boolean {
    return this.#loop.isSynced();
  }

  async *observeAll(): AsyncGenerator<ReflectorEvent<T>> {
    const queue = new EventQueue<ReflectorEvent<T>>();
    for (const object of this.#objects.values()) queue.push({ type: "ADDED", object });
    if (this.#version !== undefined) queue.push(synced(this.#version));
    this.#observers.add(queue);
    try {
      for (;;) {
        yield* queue.drain();
        if (this.#ended) return;
        await queue.woken();
      }
    } finally {
      this.#observers.delete(queue);
    }
  }

  #take(change: Change<T>): void {
    switch (change.type) {
      case "replace": {
        const gone = new Map(this.#objects);
        for (const object of change.items) {
          gone.delete(keyOf(object));
          this.#put(object);
        }
        for (const object of gone.values()) this.#drop(object);
        return;
      }
      case "apply":
        return this.#put(change.object);
      case "delete":
        return this.#drop(change.object);
      case "synced":
        this.#version = change.resourceVersion;
        return this.#tell(synced(change.resourceVersion));
    }
  }

  #put(object: T): void {
    const previous = this.#objects.get(keyOf(object));
    if (previous && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.#objects.set(keyOf(object), object);
    this.#tell(
      previous ? { type: "MODIFIED", object, previous } : { type: "ADDED", object },
    );
  }

  #drop(object: T): void {
    if (this.#objects.delete(keyOf(object))) this.#tell({ type: "DELETED", object });
  }

  #tell(event: ReflectorEvent<T>): void {
    for (const observer of this.#observers) observer.push(event);
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}

function synced<T>(resourceVersion: string): ReflectorEvent<T> {
  return { type: "SYNCED", object: { metadata: { resourceVersion } } };
}

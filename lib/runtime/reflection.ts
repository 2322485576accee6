import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { RestClient } from "../kube/contract.ts";
import { listWatch } from "../kube/list_watch.ts";
import type { Change } from "../kube/reflector.ts";
import { ReflectorLoop } from "../kube/reflector_loop.ts";
import type { Selection } from "../kube/requests.ts";
import type { Resource } from "../kube/resources.ts";

export interface ReflectOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One kind of object, and what holds all of its objects. */
export interface Reflection<T extends KubeObject, U> {
  readonly name: string;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
  trim(object: T): U;
  /** Keys of everything that the index holds of this kind. */
  known(): string[];
  keyOf(object: U): string;
  apply(object: U): void;
  delete(key: string): void;
  /** Told when all objects have been listed and applied. */
  onListed?(): void;
}

/** A loop that keeps what holds the objects equal to the cluster. */
export function reflect<T extends KubeObject, U>(
  { client, clock, logger }: ReflectOptions,
  reflection: Reflection<T, U>,
): { name: string; loop: ReflectorLoop<T, U> } {
  const { name, resource, selection, trim } = reflection;
  const loop = new ReflectorLoop<T, U>({
    name,
    source: listWatch(client, { resource, ...(selection ? { selection } : {}) }),
    trim,
    clock,
    logger,
    random: Math.random,
    onChange: changeApplier(reflection),
  });
  return { name, loop };
}

/** Applies a list page by page, as it comes: nothing is held twice, and no admission waits for the whole. */
export function changeApplier<U>(
  into: Pick<Reflection<KubeObject, U>, "known" | "keyOf" | "apply" | "delete" | "onListed">,
): (change: Change<U>) => void {
  let listed = new Set<string>();
  return (change) => {
    switch (change.type) {
      case "page":
        if (change.first) listed.clear();
        for (const object of change.items) {
          listed.add(into.keyOf(object));
          into.apply(object);
        }
        return;
      case "listed":
        for (const key of into.known()) if (!listed.has(key)) into.delete(key);
        listed = new Set();
        return into.onListed?.();
      case "apply":
        return into.apply(change.object);
      case "delete":
        return into.delete(into.keyOf(change.object));
    }
  };
}

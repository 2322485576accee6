import type { KubeObject } from "../api/objects.ts";
import type { ListOptions, ObjectList, RestClient, WatchOptions } from "./contract.ts";
import { list, type Selection, watch } from "./requests.ts";
import type { Resource } from "./resources.ts";
import { send } from "./send.ts";

/** The source of a reflector's objects. */
export interface ListWatch<T> {
  list(options: ListOptions): Promise<ObjectList<T>>;
  /** A stream of watch events. */
  watch(options: WatchOptions): Promise<ReadableStream<unknown>>;
  /** Reads the object of a watch event; may throw. */
  read(value: unknown): T;
}

export interface ListWatchOptions<T extends KubeObject> {
  resource: Resource<T>;
  /** @default all objects of the cluster */
  selection?: Selection;
}

/** The objects of one kind, through any client of the contract. */
export function listWatch<T extends KubeObject>(
  client: RestClient,
  { resource, selection = {} }: ListWatchOptions<T>,
): ListWatch<T> {
  return {
    list: ({ abortSignal, maxBytes, ...page }) =>
      send(client, list(resource, { ...selection, ...page }), {
        ...(abortSignal ? { abortSignal } : {}),
        ...(maxBytes === undefined ? {} : { maxResponseBytes: maxBytes }),
      }),
    watch: ({ abortSignal, ...from }) =>
      client.performRequest({
        ...watch(resource, { ...selection, ...from }),
        ...(abortSignal ? { abortSignal } : {}),
      }),
    read: resource.read,
  };
}

import type { KubeObject } from "../api/objects.ts";
import type { ListOptions, ObjectList, RestClient, WatchOptions } from "./contract.ts";
import { list, type Selection, watch } from "./requests.ts";
import type { Resource } from "./resources.ts";
import { send } from "./send.ts";

/** Where a reflector's objects come from. */
export interface ListWatch<T> {
  list(options: ListOptions): Promise<ObjectList<T>>;
  /** A stream of watch events; `read` makes an object of what is in them. */
  watch(options: WatchOptions): Promise<ReadableStream<unknown>>;
  read(value: unknown): T;
}

export interface ListWatchOptions<T extends KubeObject> {
  resource: Resource<T>;
  /** All objects of the cluster where absent. */
  selection?: Selection;
}

/** The objects of one kind at the API server, through any client of the contract. */
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

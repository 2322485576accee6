import type { KubeObject } from "../../api/objects.ts";
import { FAILED_CREATE, type FailedCreate, failedCreateOf } from "../../core/refused/message.ts";
import { readAllItems, type RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { get, list, type ObjectRef, type Selection } from "../../kube/requests.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";

const PAGE_LIMIT = 500;

interface ReadOptions extends Selection {
  readonly signal?: AbortSignal;
}

/** Lists all selected objects of a kind, page by page. Rejects with the API server's error. */
export function readAll<T extends KubeObject>(
  client: RestClient,
  resource: Resource<T>,
  { signal, ...selection }: ReadOptions = {},
): Promise<T[]> {
  const pages = readAllItems((token) =>
    send(
      client,
      list(resource, { ...selection, limit: PAGE_LIMIT, ...(token ? { continue: token } : {}) }),
      signal,
    )
  );
  return Array.fromAsync(pages);
}

/** Reads an object; undefined if it does not exist. Rejects with any other error of the API server. */
export function readIfPresent<T extends KubeObject>(
  client: RestClient,
  resource: Resource<T>,
  ref: ObjectRef,
): Promise<T | undefined> {
  return orUndefined(send(client, get(resource, ref)));
}

interface FailedCreatesOptions {
  /** Namespace of the workloads; all when absent. */
  readonly namespace?: string;
  /** UID of a single workload. */
  readonly uid?: string;
}

/** The last FailedCreate event of each workload. Rejects with the API server's error. */
export async function readFailedCreates(
  client: RestClient,
  { namespace, uid }: FailedCreatesOptions = {},
): Promise<FailedCreate[]> {
  const fieldSelector = `reason=${FAILED_CREATE}${
    uid === undefined ? "" : `,regarding.uid=${uid}`
  }`;
  const events = await readAll(client, resources.events, {
    fieldSelector,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const last = new Map<string, FailedCreate>();
  for (const failed of events.map(failedCreateOf).sort((a, b) => a.at - b.at)) {
    last.set(failed.workload.uid ?? "", failed);
  }
  return [...last.values()];
}

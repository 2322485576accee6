import type { KubeObject } from "../../api/objects.ts";
import {
  FAILED_CREATE,
  type FailedCreate,
  failedCreateOf,
} from "../../core/refused/failed_create.ts";
import { readAllItems, type RestClient } from "../../kube/contract.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import { get, list, type ObjectRef, type Selection } from "../../kube/requests.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { send } from "../../kube/send.ts";

const PAGE = 500;

export interface ReadOptions extends Selection {
  readonly signal?: AbortSignal;
}

/** All objects of a kind that the selection leaves, read page by page. Rejects with what the API server answers. */
export function readAll<T extends KubeObject>(
  client: RestClient,
  resource: Resource<T>,
  { signal, ...selection }: ReadOptions = {},
): Promise<T[]> {
  const pages = readAllItems((token) =>
    send(
      client,
      list(resource, { ...selection, limit: PAGE, ...(token ? { continue: token } : {}) }),
      signal,
    )
  );
  return Array.fromAsync(pages);
}

/** One object; undefined where there is none. Rejects with any other answer of the API server. */
export async function readIfPresent<T extends KubeObject>(
  client: RestClient,
  resource: Resource<T>,
  ref: ObjectRef,
): Promise<T | undefined> {
  try {
    return await send(client, get(resource, ref));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** What a read comes to; undefined where this user may not read it, which is no reason to say nothing at all. */
export async function ifAllowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

export interface FailedCreatesOptions {
  /** Of workloads; all where absent. */
  readonly namespace?: string;
  /** Of the only workload to look at. */
  readonly uid?: string;
}

/** The last refusal of each workload that could not create a Pod, as far as events tell. Rejects with what the API server answers. */
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

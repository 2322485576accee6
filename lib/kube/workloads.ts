import type { ObjectReference, Workload } from "../api/objects.ts";
import type { RestClient } from "./contract.ts";
import { get } from "./requests.ts";
import { type Resource, resources } from "./resources.ts";
import { send } from "./send.ts";

/** The kinds that create Pods from a template. */
const RESOURCES: readonly Resource<Workload>[] = [
  resources.replicaSets,
  resources.statefulSets,
  resources.daemonSets,
  resources.jobs,
];

/**
 * Reads the workload that a reference names, such as the object of an event.
 *
 * @param reference `apiVersion` may be of any version of the group
 * @returns rejects with what the API server answers
 * @throws {TypeError} if the reference is to another kind
 */
export function readWorkload(
  client: RestClient,
  { apiVersion = "", kind = "", name = "", namespace = "" }: ObjectReference,
  signal?: AbortSignal,
): Promise<Workload> {
  const resource = RESOURCES.find((each) =>
    each.kind === kind && groupOf(each.apiVersion) === groupOf(apiVersion)
  );
  if (resource === undefined) throw new TypeError(`Cannot read a ${kind} as a workload`);
  return send(client, get(resource, { name, namespace }), signal);
}

function groupOf(apiVersion: string): string | undefined {
  return apiVersion.split("/")[0];
}

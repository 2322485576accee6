import type { ObjectReference, Workload } from "../api/objects.ts";
import type { RestClient } from "./contract.ts";
import { get } from "./requests.ts";
import { type Resource, resources } from "./resources.ts";
import { send } from "./response.ts";

/** Kinds that create Pods from a template. */
const RESOURCES: readonly Resource<Workload>[] = [
  resources.replicaSets,
  resources.statefulSets,
  resources.daemonSets,
  resources.jobs,
];

/**
 * Reads the workload of a reference, such as an event's object.
 *
 * @param reference `apiVersion` can have any version of the group
 * @throws {TypeError} if the reference is to another kind; else the client's error
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

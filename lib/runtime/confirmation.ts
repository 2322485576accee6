import type { KubeObject } from "../api/objects.ts";
import { Confirmation } from "../controller/confirmation.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { isNotFound } from "../kube/errors.ts";
import { get } from "../kube/requests.ts";
import { type Resource, resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";

export interface ConfirmationSources {
  readonly client: RestClient;
  readonly index: ClusterIndex;
}

/** Reads what the watches may not have brought yet. */
export function createConfirmation({ client, index }: ConfirmationSources): Confirmation {
  return new Confirmation({
    index,
    readSidecarSet: reader(client, resources.sidecarSets),
    readNamespace: reader(client, resources.namespaces),
  });
}

function reader<T extends KubeObject>(client: RestClient, resource: Resource<T>) {
  return async (name: string, signal: AbortSignal): Promise<T | undefined> => {
    try {
      return await send(client, get(resource, { name }), signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
}

import type { RestClient } from "../../kube/contract.ts";
import { isAlreadyExists, isConflict, isNotFound, orUndefined } from "../../kube/errors.ts";
import { create, get, update } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { SecretStore } from "./secret_source.ts";

interface SecretStoreOptions {
  readonly client: RestClient;
  readonly namespace: string;
  readonly name: string;
}

/** The Secret of the webhook's CA, at the API server. */
export function secretStore({ client, namespace, name }: SecretStoreOptions): SecretStore {
  return {
    async get() {
      const secret = await orUndefined(send(client, get(resources.secrets, { namespace, name })));
      return secret && { data: mapValues(secret.data ?? {}, atob), secret };
    },
    async create(data) {
      const body = { metadata: { name, namespace }, type: "Opaque", data: mapValues(data, btoa) };
      try {
        await send(client, create(resources.secrets, { namespace, body }));
        return true;
      } catch (error) {
        if (isAlreadyExists(error)) return false;
        throw error;
      }
    },
    async update(data, secret) {
      const body = { ...secret, data: mapValues(data, btoa) };
      try {
        await send(client, update(resources.secrets, { namespace, name, body }));
        return true;
      } catch (error) {
        if (isConflict(error) || isNotFound(error)) return false;
        throw error;
      }
    },
  };
}

/** PEM is ASCII, so atob() and btoa() suffice. */
function mapValues(
  data: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, change(value)]));
}

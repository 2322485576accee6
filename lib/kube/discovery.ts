import { isObject } from "../api/json.ts";
import type { RestClient } from "./contract.ts";
import { send, type SendOptions } from "./response.ts";

/**
 * Whether the API server serves a resource or subresource of the core group, such as `pods/resize`.
 *
 * @throws what {@linkcode send} throws
 */
export async function servesCoreResource(
  client: RestClient,
  name: string,
  options: AbortSignal | SendOptions = {},
): Promise<boolean> {
  const names = await send(client, {
    options: { method: "GET", path: "/api/v1", expectJson: true },
    read: resourceNames,
  }, options);
  return names.includes(name);
}

function resourceNames(value: unknown): unknown[] {
  const list = isObject(value) && Array.isArray(value.resources) ? value.resources : undefined;
  if (list === undefined) {
    throw new TypeError("Cannot read the answer as an APIResourceList: it has no resources");
  }
  return list.map((resource: unknown) => isObject(resource) ? resource.name : undefined);
}

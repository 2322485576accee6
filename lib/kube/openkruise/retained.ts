import type { ControllerRevision } from "../../api/controller_revision.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY, REVISION_OWNER_LABEL } from "../../api/names.ts";
import { readAllItems } from "../contract.ts";
import { isForbidden, orUndefined } from "../errors.ts";
import { get, list } from "../requests.ts";
import { resources } from "../resources.ts";
import { send } from "../send.ts";
import type { OpenKruiseOptions } from "./activity.ts";

/** SidecarSet data in OpenKruise's namespace. */
export interface OpenKruiseRetained {
  readonly revisions: readonly ControllerRevision[];
  readonly allowList: string | undefined;
}

/**
 * Reads OpenKruise's revisions and annotation allow-list.
 *
 * @returns empty without its namespace; undefined if a right is missing
 * @throws the client's other errors
 */
export async function readRetained(
  { client, namespace, signal }: OpenKruiseOptions,
): Promise<OpenKruiseRetained | undefined> {
  const place = get(resources.namespaces, { name: namespace });
  const allowList = get(resources.configMaps, { name: ALLOW_LIST_CONFIG_MAP, namespace });
  try {
    if (!await orUndefined(send(client, place, signal))) {
      return { revisions: [], allowList: undefined };
    }
    const config = await orUndefined(send(client, allowList, signal));
    const revisions = await Array.fromAsync(readAllItems((token) =>
      send(
        client,
        list(resources.controllerRevisions, {
          namespace,
          labelSelector: REVISION_OWNER_LABEL,
          limit: 100,
          ...(token ? { continue: token } : {}),
        }),
        signal,
      )
    ));
    return { revisions, allowList: config?.data?.[ALLOW_LIST_KEY] };
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

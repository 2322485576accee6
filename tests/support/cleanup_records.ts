import { CLEANUP_RECORD_LABEL } from "../../lib/api/cleanup_record.ts";
import type { ConfigMap } from "../../lib/api/objects.ts";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";

/** The ConfigMaps with the records of clean-ups. */
export async function cleanupRecords({ client }: ControlPlane): Promise<readonly ConfigMap[]> {
  const page = { namespace: "sidecarset-system", labelSelector: `${CLEANUP_RECORD_LABEL}=true` };
  return (await send(client, list(resources.configMaps, page))).items;
}

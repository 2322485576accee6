import { isObject } from "../../lib/api/json.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

/** Waits until a Job of the namespace `default` has ended, and says how: `Complete` or `Failed`. */
export function untilJobEnded(plane: ControlPlane, name: string): Promise<string> {
  return eventually(async () => {
    const request = get(resources.jobs, { name, namespace: "default" });
    const types = trueConditions(await send(plane.client, request));
    return types.find((type) => type === "Complete" || type === "Failed");
  }, { what: `Job ${name} has ended` });
}

/** Why the controller ended the Pod's sidecars, if it has. */
export function terminatedReason(pod: Pod | undefined): string | undefined {
  return pod?.status?.conditions?.find(({ type }) => type === "SidecarTerminated")?.reason;
}

function trueConditions({ status }: KubeObject & { status?: unknown }): string[] {
  const conditions = isObject(status) && Array.isArray(status.conditions) ? status.conditions : [];
  return conditions.filter(isObject).filter(({ status }) => status === "True")
    .map(({ type }) => String(type));
}

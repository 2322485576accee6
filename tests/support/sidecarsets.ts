import type { KubeObject } from "../../lib/api/objects.ts";
import { type SidecarSet, sidecarSet, type SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { readAs } from "../../lib/api/read.ts";
import type { Condition } from "../../lib/api/sidecarset_status.ts";
import { create, get, patch, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

/** Creates a SidecarSet and waits until new Pods get it. */
export async function createSidecarSet(
  plane: ControlPlane,
  name: string,
  spec: SidecarSetSpec,
): Promise<SidecarSet> {
  const body: KubeObject & { spec: SidecarSetSpec } = { metadata: { name }, spec };
  await send(plane.client, create(resources.sidecarSets, { body }));
  return await untilSidecarSet(plane, name, {
    what: "is ready",
    is: (found) => conditionOf(found, "Ready")?.status === "True",
  });
}

export async function getSidecarSet(plane: ControlPlane, name: string): Promise<SidecarSet> {
  const read = readAs(sidecarSet, await send(plane.client, get(resources.sidecarSets, { name })));
  if (!read.ok) throw new Error(`Cannot read SidecarSet ${name}: ${JSON.stringify(read.problems)}`);
  return read.value;
}

/** Changes a SidecarSet by a merge patch. */
export async function patchSidecarSet(
  plane: ControlPlane,
  name: string,
  spec: object,
): Promise<void> {
  const body = { spec };
  await send(plane.client, patch(resources.sidecarSets, { name, type: "merge", body }));
}

export async function deleteSidecarSet(plane: ControlPlane, name: string): Promise<void> {
  await send(plane.client, remove(resources.sidecarSets, { name }));
}

/** Waits until a SidecarSet satisfies a condition. `what` is the end of a sentence: "is ready". */
export function untilSidecarSet(
  plane: ControlPlane,
  name: string,
  { what, is, timeout }: { what: string; is: (found: SidecarSet) => boolean; timeout?: number },
): Promise<SidecarSet> {
  return eventually(async () => {
    const found = await getSidecarSet(plane, name);
    if (is(found)) return found;
    throw new Error(`the status is ${JSON.stringify(found.status)}`);
  }, { what: `SidecarSet ${name} ${what}`, ...(timeout === undefined ? {} : { timeout }) });
}

export function conditionOf(found: SidecarSet, type: Condition["type"]): Condition | undefined {
  return found.status?.conditions?.find((condition) => condition.type === type);
}

import type { Volume } from "../../api/container.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import { TERMINATE_ENV } from "../../api/names.ts";
import type { Pod } from "../../api/pod.ts";
import type { Present } from "./choose.ts";
import type { Occupied, Place } from "./occupied.ts";
import { append } from "./operations.ts";
import { isLongRunning, type PlannedContainer, type SidecarPlan } from "./sidecar_plan.ts";
import { neededVolumes } from "./sidecarset_plan.ts";

/**
 * Restores what another webhook removed from a container of an earlier call: without restartPolicy a native sidecar
 * blocks the Pod's initialization, without the termination mark the Job never completes, without version variables
 * the halves of a hot-upgrade pair do not know each other.
 */
export function restoreContainer(
  sidecar: SidecarPlan,
  { planned, place: { list, index, container } }: { planned: PlannedContainer; place: Place },
): JsonPatchOperation[] {
  const path = `/spec/${list}/${index}`;
  const { restartPolicy } = container;
  const isNative = list === "initContainers" && isLongRunning(sidecar);
  const present = new Set(container.env?.map(({ name }) => name));
  const marks = [
    ...sidecar.firstEnv.filter(({ name }) => name === TERMINATE_ENV),
    ...planned.lastEnv,
  ];
  const added = marks.filter(({ name }) => !present.has(name));
  return [
    ...isNative && restartPolicy !== "Always"
      ? [{
        op: restartPolicy === undefined ? "add" as const : "replace" as const,
        path: `${path}/restartPolicy`,
        value: "Always",
      }]
      : [],
    ...append(`${path}/env`, { present: container.env, added }),
  ];
}

/**
 * Volumes that containers of an earlier call, or patched ones, use and the Pod lacks; the API server would refuse
 * the Pod.
 *
 * @param patched names of the volumes that patches of earlier calls mount
 */
export function lostVolumes(
  present: readonly Present[],
  { pod, occupied: { ours }, patched }: {
    pod: Pod;
    occupied: Occupied;
    patched: ReadonlySet<string>;
  },
): Volume[] {
  const volumes = present.flatMap(({ plan }) => plan ? neededVolumes(plan, patched) : []);
  if (volumes.length === 0) return [];
  const used = new Set(
    [...pod.spec.containers, ...pod.spec.initContainers ?? []]
      .filter(({ name }) => ours.containers.has(name))
      .flatMap(({ volumeMounts = [], volumeDevices = [] }) => [...volumeMounts, ...volumeDevices])
      .map(({ name }) => name)
      .concat(...patched),
  );
  for (const { name } of pod.spec.volumes ?? []) used.delete(name);
  return volumes.filter(({ name }) => used.delete(name));
}

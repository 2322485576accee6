import type { Container } from "../../api/container.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Admission } from "./admit.ts";
import { derive } from "./build_container.ts";
import type { Present } from "./choose.ts";
import type { Place } from "./occupied.ts";
import { append } from "./operations.ts";
import { computeResources } from "./resources.ts";
import { takenVolumes } from "./shared_volumes.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";
import type { TransferContext } from "./transfer_env.ts";

/**
 * The operations that bring containers of an earlier call up to date with the rest of the Pod, which other webhooks may have
 * added to since: shared mounts and devices, variables, computed resources. All else of them stays, their image included.
 */
export function writePresent(
  present: readonly Present[],
  { admission, context }: { admission: Admission; context: TransferContext },
): JsonPatchOperation[] {
  const { places, ours } = admission.occupied;
  const operations: JsonPatchOperation[] = [];
  for (const sidecar of present.flatMap(({ plan }) => plan?.sidecars ?? [])) {
    if (!sidecar.dependsOnPod) continue;
    for (const { name } of sidecar.containers) {
      const place = places.get(name);
      if (place === undefined || place.list !== sidecar.list || !ours.containers.has(name)) {
        continue;
      }
      operations.push(
        ...additions(sidecar, { place, context }),
        ...newResources(sidecar, { place, candidates: admission.candidates() }),
      );
    }
  }
  return operations;
}

function additions(
  sidecar: SidecarPlan,
  { place, context }: { place: Place; context: TransferContext },
): JsonPatchOperation[] {
  const { container, list, index } = place;
  const { env, ...shared } = derive(sidecar, { present: container, context });
  // What came later may not fit; the container is there already, so only that is left out.
  const { mounts, devices } = takenVolumes(shared, container);
  const path = `/spec/${list}/${index}`;
  return [
    ...append(`${path}/env`, { present: container.env, added: env }),
    ...append(`${path}/volumeMounts`, { present: container.volumeMounts, added: mounts }),
    ...append(`${path}/volumeDevices`, { present: container.volumeDevices, added: devices }),
  ];
}

/** A policy that cannot be computed any more leaves the resources that were computed when the container was new. */
function newResources(
  sidecar: SidecarPlan,
  { place, candidates }: { place: Place; candidates: readonly Container[] },
): JsonPatchOperation[] {
  if (sidecar.resourcesPolicy?.ok !== true) return [];
  const present = place.container.resources;
  const computed = computeResources(sidecar.resourcesPolicy.value, { candidates, present });
  if (!computed.ok || covers(present, computed.resources)) return [];
  const path = `/spec/${place.list}/${place.index}/resources`;
  return [{ op: present === undefined ? "add" : "replace", path, value: computed.resources }];
}

/** Whether all that was computed is there already. The API server may have added requests of its own since. */
function covers(present: Container["resources"], wanted: Container["resources"]): boolean {
  return (["limits", "requests"] as const).every((list) =>
    Object.entries(wanted?.[list] ?? {}).every(([resource, quantity]) =>
      present?.[list]?.[resource] === quantity
    )
  );
}

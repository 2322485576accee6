import type { Container, EnvVar } from "../../api/container.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Pod, PodSpec } from "../../api/pod.ts";
import type { Admission } from "./admit.ts";
import { derive } from "./write_containers.ts";
import type { Present } from "./choose.ts";
import type { Place } from "./occupied.ts";
import { append } from "./operations.ts";
import { type TransferContext, withAddedEnv } from "./env.ts";
import { podLevelExcesses } from "./pod_level_excess.ts";
import { recomputedResources } from "./recompute.ts";
import { restoreContainer } from "./restore.ts";
import { takenVolumes } from "./shared_volumes.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";

/**
 * Operations that update containers of an earlier call to changes other webhooks made since: shared mounts and
 * devices, variables, computed resources, and removed parts that the Pod needs. Everything else stays, such as an
 * image or resources set by another webhook.
 */
export function writePresent(
  present: readonly Present[],
  { admission, context }: { admission: Admission; context: TransferContext },
): JsonPatchOperation[] {
  const { places, ours } = admission.occupied;
  const operations: JsonPatchOperation[] = [];
  const podResources = new PodResources(context.pod);
  for (const sidecar of present.flatMap(({ plan }) => plan?.sidecars ?? [])) {
    for (const planned of sidecar.containers) {
      const place = places.get(planned.name);
      if (place?.list !== sidecar.list || !ours.containers.has(planned.name)) continue;
      operations.push(...restoreContainer(sidecar, { planned, place }));
      if (!sidecar.dependsOnPod) continue;
      operations.push(
        ...additions(sidecar, { place, context }),
        ...newResources(sidecar, { place, candidates: admission.candidates(), podResources }),
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
  // Later additions that do not fit are left out; the container itself stays.
  const { mounts, devices } = takenVolumes(shared, container);
  const path = `/spec/${list}/${index}`;
  return [
    ...addEnv(`${path}/env`, { present: container.env, added: env }),
    ...append(`${path}/volumeMounts`, { present: container.volumeMounts, added: mounts }),
    ...append(`${path}/volumeDevices`, { present: container.volumeDevices, added: devices }),
  ];
}

/** Appends variables, or inserts them before a variable that references them. */
function addEnv(
  path: string,
  { present = [], added }: { present: Container["env"]; added: readonly EnvVar[] },
): JsonPatchOperation[] {
  const ordered = withAddedEnv(present, added);
  const last = ordered.findLastIndex((variable) => present.includes(variable));
  return ordered.flatMap((variable, index): JsonPatchOperation[] =>
    present.includes(variable)
      ? []
      : [{ op: "add", path: `${path}/${index < last ? index : "-"}`, value: variable }]
  );
}

/** If the policy can no longer be computed, the resources stay as first computed. */
function newResources(
  sidecar: SidecarPlan,
  { place: { list, index, container }, candidates, podResources }: {
    place: Place;
    candidates: readonly Container[];
    podResources: PodResources;
  },
): JsonPatchOperation[] {
  const { resources: present } = container;
  if (sidecar.resourcesPolicy?.ok !== true || present === undefined) return [];
  const value = recomputedResources(sidecar.resourcesPolicy.value, { candidates, present });
  if (value === undefined || !podResources.takes({ list, index, resources: value })) return [];
  return [{ op: "replace", path: `/spec/${list}/${index}/resources`, value }];
}

/** The Pod's own resources compared with those of its containers, as these change one by one. */
class PodResources {
  #spec: PodSpec;

  constructor({ spec }: Pod) {
    this.#spec = spec;
  }

  /**
   * Whether the API server accepts the Pod with these resources of a container; if so, they are kept for later
   * checks.
   */
  takes(
    { list, index, resources }: Pick<Place, "list" | "index"> & Pick<Container, "resources">,
  ): boolean {
    const { resources: own } = this.#spec;
    if (own === undefined) return true;
    const containers = this.#spec[list]?.map((each, i) =>
      i === index && resources ? { ...each, resources } : each
    );
    const next = { ...this.#spec, [list]: containers };
    const known = podLevelExcesses(own, this.#spec);
    const isTaken = [...podLevelExcesses(own, next).keys()].every((key) => known.has(key));
    if (isTaken) this.#spec = next;
    return isTaken;
  }
}

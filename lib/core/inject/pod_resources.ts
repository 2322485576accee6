import type { Container } from "../../api/container.ts";
import type { Pod, PodSpec } from "../../api/pod.ts";
import { compareUtf8 } from "../json/go_json.ts";
import type { Obstacle } from "../reasons.ts";
import { podLevelExcesses } from "./pod_level_excess.ts";
import type { ResourcesBySidecar } from "./resources.ts";
import type { ContainerList } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** A SidecarSet's sidecars with the resources that they would have in the Pod. */
interface Newcomer {
  readonly plan: SidecarSetPlan;
  readonly resources: ResourcesBySidecar;
}

/**
 * Whether the Pod's own `spec.resources` has no room for the sidecars, in addition to those admitted before. A Pod
 * that the API server refuses even without sidecars is not an obstacle.
 */
export function podResourcesObstacle(
  newcomer: Newcomer,
  { pod, admitted }: { pod: Pod; admitted: readonly Newcomer[] },
): Obstacle | undefined {
  const { resources } = pod.spec;
  if (resources === undefined) return undefined;
  const found = podLevelExcesses(resources, containersWith(pod, [...admitted, newcomer]));
  if (found.size === 0) return undefined;
  const known = podLevelExcesses(resources, containersWith(pod, admitted));
  for (const [key, { resource, message }] of found) {
    if (known.has(key)) continue;
    return {
      reason: "PodSpecConflict",
      message: `${message}: lower the sidecars' resources, or raise the Pod's`,
      subject: `resources (${resource})`,
    };
  }
  return undefined;
}

function containersWith(
  pod: Pod,
  newcomers: readonly Newcomer[],
): Pick<PodSpec, "containers" | "initContainers"> {
  return {
    containers: listed(pod, { list: "containers", newcomers }),
    initContainers: listed(pod, { list: "initContainers", newcomers }),
  };
}

interface Sidecar {
  readonly container: Container;
  readonly inFront: boolean;
}

function sidecarsOf({ plan, resources }: Newcomer, list: ContainerList): Sidecar[] {
  return plan.sidecars.filter((sidecar) => sidecar.list === list).flatMap((sidecar) =>
    sidecar.containers.map(({ container }) => {
      const computed = resources.get(sidecar);
      const { inFront } = sidecar;
      return { inFront, container: computed ? { ...container, resources: computed } : container };
    })
  );
}

/** The Pod's containers with the newcomers around them or in their place. */
function listed(
  pod: Pod,
  { list, newcomers }: { list: ContainerList; newcomers: readonly Newcomer[] },
): Container[] {
  const added = newcomers.flatMap((newcomer) => sidecarsOf(newcomer, list));
  added.sort((a, b) => compareUtf8(a.container.name, b.container.name));
  const names = new Set(added.map(({ container }) => container.name));
  return [
    ...added.flatMap(({ container, inFront }) => inFront ? [container] : []),
    ...(pod.spec[list] ?? []).filter(({ name }) => !names.has(name)),
    ...added.flatMap(({ container, inFront }) => inFront ? [] : [container]),
  ];
}

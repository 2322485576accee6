import type { Container } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import type { ContainerList } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** Place of a container in the given Pod. */
export interface Place {
  readonly list: ContainerList;
  readonly index: number;
  readonly container: Container;
}

/** Names, volumes and ports in use by the Pod and its SidecarSets. Grows with each admitted SidecarSet. */
export interface Occupied {
  readonly places: ReadonlyMap<string, Place>;
  /** Container names that a SidecarSet has brought, with the name of that SidecarSet. */
  readonly claimed: Map<string, string>;
  /** Containers of the Pod that are about to be replaced. */
  readonly replaced: Set<string>;
  /** Names of containers and volumes that an earlier call has put into the Pod. */
  readonly ours: {
    readonly containers: ReadonlySet<string>;
    readonly volumes: ReadonlySet<string>;
  };
  readonly volumes: Set<string>;
  /** Host ports with the container that has them; read from the Pod when the first sidecar with ports comes. */
  hostPorts?: Map<string, string>;
}

/** What is taken in the Pod as it came, where `present` are the SidecarSets of an earlier call. */
export function occupiedBy(pod: Pod, present: readonly SidecarSetPlan[]): Occupied {
  const places = new Map<string, Place>();
  pod.spec.initContainers?.forEach((container, index) => {
    places.set(container.name, { list: "initContainers", index, container });
  });
  pod.spec.containers.forEach((container, index) => {
    places.set(container.name, { list: "containers", index, container });
  });
  const claimed = new Map<string, string>();
  const ours = { containers: new Set<string>(), volumes: new Set<string>() };
  for (const plan of present) {
    for (const name of plan.containerNames) {
      claimed.set(name, plan.name);
      const place = places.get(name);
      if (place !== undefined && isMarkedInjected(place.container)) ours.containers.add(name);
    }
    for (const { name } of plan.volumes) ours.volumes.add(name);
  }
  const volumes = new Set<string>();
  for (const volume of pod.spec.volumes ?? []) volumes.add(volume.name);
  return { places, claimed, replaced: new Set(), ours, volumes };
}

/**
 * Host ports of a container as the API server compares them. With `hostNetwork` it sets each host port to the
 * container port before validation (`pkg/apis/core/v1/defaults.go:defaultHostNetworkPorts`).
 */
export function hostPortsOf(container: Container, pod: Pod): readonly string[] {
  const { ports } = container;
  if (!Array.isArray(ports)) return [];
  return ports.flatMap((port: unknown) => {
    if (!isObject(port)) return [];
    const number = port.hostPort || (pod.spec.hostNetwork === true ? port.containerPort : 0);
    return number ? [`${port.protocol ?? "TCP"} ${port.hostIP ?? ""}:${number}`] : [];
  });
}

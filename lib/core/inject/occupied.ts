import type { Container } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { ContainerList } from "./sidecar_plan.ts";

/** Where a container stands in the Pod as it came. */
export interface Place {
  readonly list: ContainerList;
  readonly index: number;
  readonly container: Container;
}

/** What of a Pod is taken, by itself or by SidecarSets before. Grows with each SidecarSet that is accepted. */
export interface Occupied {
  readonly places: ReadonlyMap<string, Place>;
  /** Container names that a SidecarSet has brought, with the name of that SidecarSet. */
  readonly claimed: Map<string, string>;
  readonly volumes: Set<string>;
  /** Host ports with the container that has them; read from the Pod when the first sidecar with ports comes. */
  hostPorts?: Map<string, string>;
}

/** Names of containers and volumes of the Pod as it came. */
export function occupiedBy(pod: Pod): Occupied {
  const places = new Map<string, Place>();
  pod.spec.initContainers?.forEach((container, index) => {
    places.set(container.name, { list: "initContainers", index, container });
  });
  pod.spec.containers.forEach((container, index) => {
    places.set(container.name, { list: "containers", index, container });
  });
  const volumes = new Set<string>();
  for (const volume of pod.spec.volumes ?? []) volumes.add(volume.name);
  return { places, claimed: new Map(), volumes };
}

/**
 * The host ports of a container as the API server compares them. With `hostNetwork` it sets each host port to the container
 * port before validating (`pkg/apis/core/v1/defaults.go:defaultHostNetworkPorts`).
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

import type { Pod } from "../../api/pod.ts";
import type { Container } from "../../api/container.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { containersOfPair, isHotUpgrade } from "../annotations/hot_upgrade.ts";

/** Whether an init container is a native sidecar, which runs as long as the main containers. */
export function isNativeSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** Sidecars whose image can change in running Pods: containers and native sidecars. */
export function runningSidecars(sidecarSet: SidecarSet): SidecarContainer[] {
  const { containers = [], initContainers = [] } = sidecarSet.spec;
  return [...containers, ...initContainers.filter(isNativeSidecar)];
}

/** Container names of a sidecar in a Pod: its own, or those of its hot-upgrade pair. */
export function containerNames(sidecar: SidecarContainer): readonly string[] {
  return isHotUpgrade(sidecar) ? containersOfPair(sidecar.name) : [sidecar.name];
}

/** Container names of all the SidecarSet's running sidecars in a Pod. */
export function sidecarContainerNames(sidecarSet: SidecarSet): Set<string> {
  return new Set(runningSidecars(sidecarSet).flatMap(containerNames));
}

/** The Pod's container of this name; containers are searched before init containers. */
export function findContainer(pod: Pod, name: string): Container | undefined {
  const named = (container: Container) => container.name === name;
  return pod.spec.containers.find(named) ?? pod.spec.initContainers?.find(named);
}

/** The Pod's containers that keep running, native sidecars included. */
export function runningContainers(pod: Pod): Container[] {
  const natives = pod.spec.initContainers?.filter(isNativeSidecar) ?? [];
  return natives.length === 0 ? pod.spec.containers : [...pod.spec.containers, ...natives];
}

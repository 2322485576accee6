import type { Volume } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import type { Obstacle } from "../reasons.ts";
import { hostPortsOf, type Occupied } from "./occupied.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** The Pod, with what is taken in it. */
interface Surroundings {
  readonly pod: Pod;
  readonly occupied: Occupied;
}

type Check = (plan: SidecarSetPlan, surroundings: Surroundings) => Obstacle | undefined;

const CHECKS: readonly Check[] = [
  // What no Pod could be created with.
  (plan) => plan.obstacle,
  // Names that are taken.
  nameConflict,
  // Mounts of volumes that neither the Pod nor a SidecarSet has.
  missingVolume,
  // Ports of the node that are taken.
  portConflict,
];

/** The first thing that keeps the SidecarSet out of the Pod; undefined when the API server would take the result. */
export function firstConflict(
  plan: SidecarSetPlan,
  surroundings: Surroundings,
): Obstacle | undefined {
  for (const check of CHECKS) {
    const obstacle = check(plan, surroundings);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

/** Adds the SidecarSet's names, volumes and ports. */
export function occupy(
  plan: SidecarSetPlan,
  { pod, occupied, volumes }: Surroundings & { readonly volumes: readonly Volume[] },
): void {
  for (const name of plan.containerNames) {
    occupied.claimed.set(name, plan.name);
    if (occupied.places.has(name)) occupied.replaced.add(name);
  }
  for (const volume of volumes) occupied.volumes.add(volume.name);
  if (occupied.hostPorts === undefined) return;
  for (const [port, name] of occupied.hostPorts) {
    if (occupied.replaced.has(name)) occupied.hostPorts.delete(port);
  }
  for (const { name, port } of portsOf(plan, pod)) occupied.hostPorts.set(port, name);
}

function nameConflict(
  plan: SidecarSetPlan,
  { occupied }: Surroundings,
): Obstacle | undefined {
  const replaces = plan.prepared.sidecarSet.spec.conflictPolicy === "Replace";
  for (const sidecar of plan.sidecars) {
    for (const { name } of sidecar.containers) {
      const owner = occupied.claimed.get(name);
      if (owner !== undefined) {
        return {
          reason: "SidecarNameConflict",
          message: `SidecarSet ${owner} adds a container ${name} too: rename it in one of them`,
          subject: name,
        };
      }
      const place = occupied.places.get(name);
      if (place === undefined || (replaces && place.list === sidecar.list)) continue;
      return {
        reason: "ContainerNameConflict",
        message: place.list === sidecar.list
          ? `spec.${place.list} of the Pod has a container ${name} that is not a sidecar: ` +
            "rename it, or set conflictPolicy to Replace"
          : `spec.${place.list} of the Pod has a container ${name}, which the SidecarSet adds to ` +
            `spec.${sidecar.list}: rename one of them`,
        subject: name,
      };
    }
  }
  return undefined;
}

function missingVolume(
  plan: SidecarSetPlan,
  { pod, occupied }: Surroundings,
): Obstacle | undefined {
  // A volume of another SidecarSet does not count, as the next Pod may not get it.
  const missing = plan.volumesOfPod.find(({ volume }) =>
    occupied.ours.volumes.has(volume) || !pod.spec.volumes?.some(({ name }) => name === volume)
  );
  if (missing === undefined) return undefined;
  return {
    reason: "VolumeConflict",
    message: `${missing.user} uses the volume ${missing.volume}, which neither spec.volumes ` +
      "of the SidecarSet nor the Pod has: add it to spec.volumes",
    subject: missing.volume,
  };
}

function portConflict(plan: SidecarSetPlan, { pod, occupied }: Surroundings): Obstacle | undefined {
  if (!plan.sidecars.some(({ sidecar }) => sidecar.ports !== undefined)) return undefined;
  occupied.hostPorts ??= hostPortsOfPod(pod, occupied);
  const own = new Map<string, string>();
  for (const { name, port } of portsOf(plan, pod)) {
    const other = own.get(port) ?? occupied.hostPorts.get(port);
    // A container that is replaced gives its ports up.
    if (other !== undefined && (own.has(port) || !plan.containerNames.has(other))) {
      return {
        reason: "PortConflict",
        message:
          `containers ${other} and ${name} both use the host port ${port}: change one of them`,
        subject: port.slice(port.lastIndexOf(":") + 1),
      };
    }
    own.set(port, name);
  }
  return undefined;
}

function hostPortsOfPod(pod: Pod, occupied: Occupied): Map<string, string> {
  const taken = new Map<string, string>();
  for (const { list, container } of occupied.places.values()) {
    // Init containers run one after the other, so the API server does not compare theirs.
    if (list === "initContainers" || occupied.replaced.has(container.name)) continue;
    for (const port of hostPortsOf(container, pod)) taken.set(port, container.name);
  }
  return taken;
}

function portsOf(plan: SidecarSetPlan, pod: Pod): { name: string; port: string }[] {
  const running = plan.sidecars.filter((sidecar: SidecarPlan) => sidecar.list === "containers");
  return running.flatMap((sidecar) =>
    sidecar.containers.flatMap(({ name, container }) =>
      hostPortsOf(container, pod).map((port) => ({ name, port }))
    )
  );
}

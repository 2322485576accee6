import type { Container, VolumeDevice, VolumeMount } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import type { Obstacle } from "../reasons.ts";
import { member } from "./fields.ts";
import type { PodSources, SubPathVariable } from "./pod_sources.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** Mounts and devices of the Pod that a sidecar shares, in addition to its own. */
interface SharedVolumes {
  readonly mounts: readonly VolumeMount[];
  readonly devices: readonly VolumeDevice[];
}

/** Mounts and devices of the Pod's own containers at paths that the container does not use. */
export function sharedVolumes(
  plan: SidecarPlan,
  { present, sources }: {
    present: Pick<Container, "volumeMounts" | "volumeDevices">;
    sources: PodSources;
  },
): SharedVolumes {
  const paths = new Set<string>();
  for (const mount of present.volumeMounts ?? []) paths.add(mount.mountPath);
  for (const device of present.volumeDevices ?? []) paths.add(device.devicePath);
  const mounts = plan.sharesMounts
    ? sources.mounts().filter((mount) => !paths.has(mount.mountPath))
    : [];
  for (const mount of mounts) paths.add(mount.mountPath);
  const devices = plan.sharesDevices
    ? sources.devices().filter((device) => !paths.has(device.devicePath))
    : [];
  return { mounts, devices };
}

/** Those of them that the API server takes in this container (`ValidateVolumeMounts`, `ValidateVolumeDevices`). */
export function takenVolumes(
  { mounts, devices }: SharedVolumes,
  container: Container,
): SharedVolumes {
  if (mounts.length === 0 && devices.length === 0) return { mounts, devices };
  const isPrivileged = member(container, "securityContext").privileged === true;
  const asDevices = new Set(container.volumeDevices?.map(({ name }) => name));
  const takenMounts = mounts.filter(({ name, mountPropagation }) =>
    (isPrivileged || mountPropagation !== "Bidirectional") && !asDevices.has(name)
  );
  const used = new Set([...container.volumeMounts ?? [], ...takenMounts].map(({ name }) => name));
  const takenDevices = devices.filter(({ name }) => {
    if (used.has(name) || asDevices.has(name)) return false;
    asDevices.add(name);
    return true;
  });
  return { mounts: takenMounts, devices: takenDevices };
}

/** Whether a sidecar would share what the API server does not take in its container. */
export function sharingObstacle(
  plan: SidecarSetPlan,
  { pod, sources }: { pod: Pod; sources: PodSources },
): Obstacle | undefined {
  for (const sidecar of plan.sidecars) {
    const container = sidecar.containers[0]?.container;
    if (!container || !(sidecar.sharesMounts || sidecar.sharesDevices)) continue;
    const shared = sharedVolumes(sidecar, { present: container, sources });
    const unset = unsetVariable(shared, { container, sources });
    if (unset !== undefined) {
      return {
        reason: "VolumeConflict",
        message:
          `spec.${sidecar.list}[${sidecar.sidecar.name}].shareVolumePolicy shares the volume ` +
          `${unset.mount.name}, of which subPathExpr needs the variable ${unset.name}, and container ` +
          `${unset.container.name} has that from envFrom, which is not shared: set it in env`,
        subject: unset.mount.name,
      };
    }
    const taken = takenVolumes(shared, container);
    const left = shared.mounts.find((mount) => !taken.mounts.includes(mount)) ??
      shared.devices.find((device) => !taken.devices.includes(device));
    // A Pod that is refused anyway is not the sidecars' doing.
    if (left === undefined || pod.spec.containers.some(isRefused)) continue;
    const policy = "mountPath" in left ? "shareVolumePolicy" : "shareVolumeDevicePolicy";
    const why = "mountPropagation" in left && left.mountPropagation === "Bidirectional"
      ? "is mounted with propagation Bidirectional, which only privileged containers may"
      : "would be in the container twice, or both mounted and a device";
    return {
      reason: "VolumeConflict",
      message: `spec.${sidecar.list}[${sidecar.sidecar.name}].${policy} shares the volume ` +
        `${left.name}, which ${why}: disable it, or select other Pods`,
      subject: left.name,
    };
  }
  return undefined;
}

/** The kubelet cannot start a container whose `subPathExpr` has unknown variables. `envFrom` may set them. */
function unsetVariable(
  { mounts }: SharedVolumes,
  { container, sources }: { container: Container; sources: PodSources },
): SubPathVariable | undefined {
  if (container.envFrom !== undefined) return undefined;
  const own = new Set(container.env?.map(({ name }) => name));
  const variables = sources.subPathVariables();
  return variables.find((each) =>
    mounts.includes(each.mount) && each.container.envFrom !== undefined &&
    !own.has(each.name) && !variables.some(({ name, variable }) => variable && name === each.name)
  );
}

function isRefused(container: Container): boolean {
  const { volumeMounts: mounts = [], volumeDevices: devices = [] } = container;
  const { volumeMounts: _mounts, volumeDevices: _devices, ...bare } = container;
  const taken = takenVolumes({ mounts, devices }, bare);
  return taken.mounts.length < mounts.length || taken.devices.length < devices.length;
}

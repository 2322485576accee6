import type { Obstacle } from "../reasons.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";

/**
 * Problems that the API server refuses in every Pod: a container without an image, a duplicate name or path.
 * Validation finds them in the current spec; a pinned revision may be older than the validation.
 */
export function staticObstacle(sidecars: readonly SidecarPlan[]): Obstacle | undefined {
  const names = new Set<string>();
  for (const plan of sidecars) {
    for (const { name, container } of plan.containers) {
      if (names.has(name)) {
        return {
          reason: "InvalidSidecarSet",
          message: `spec.${plan.list} uses the container name ${name} twice: rename one of them`,
        };
      }
      names.add(name);
      if (!container.image) {
        return {
          reason: "InvalidSidecarSet",
          message:
            `spec.${plan.list}[${plan.sidecar.name}] gives container ${name} no image: set image, ` +
            "and upgradeStrategy.hotUpgradeEmptyImage for a hot upgrade",
        };
      }
    }
    if (plan.resourcesPolicy?.ok === false) {
      const [problem] = plan.resourcesPolicy.problems;
      return {
        reason: "ExpressionFailed",
        message:
          `spec.${plan.list}[${plan.sidecar.name}].resourcesPolicy.${problem?.field} ${problem?.message}`,
      };
    }
    const path = doubledPath(plan);
    if (path !== undefined) {
      return {
        reason: "VolumeConflict",
        message:
          `spec.${plan.list}[${plan.sidecar.name}] uses the path ${path} twice: mount each path once`,
        subject: path,
      };
    }
  }
  return undefined;
}

function doubledPath({ sidecar }: SidecarPlan): string | undefined {
  const paths = new Set<string>();
  const used = [
    ...(sidecar.volumeMounts?.map((mount) => mount.mountPath) ?? []),
    ...(sidecar.volumeDevices?.map((device) => device.devicePath) ?? []),
  ];
  for (const path of used) {
    if (paths.has(path)) return path;
    paths.add(path);
  }
  return undefined;
}

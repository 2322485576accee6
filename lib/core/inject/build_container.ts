import type { Container, EnvVar, VolumeDevice, VolumeMount } from "../../api/container.ts";
import { withAddedEnv } from "./env_references.ts";
import type { PlannedContainer, SidecarPlan } from "./sidecar_plan.ts";
import { sharedVolumes } from "./shared_volumes.ts";
import { type TransferContext, transferredEnv } from "./transfer_env.ts";

/** Parts of a container that are taken from the Pod. */
export interface Derived {
  readonly env: readonly EnvVar[];
  readonly mounts: readonly VolumeMount[];
  readonly devices: readonly VolumeDevice[];
  /** Resources computed for this Pod; undefined where the sidecar has no resources policy. */
  readonly resources: Container["resources"];
}

/** The container's own parts, which the derived ones must not repeat. */
type Present = Pick<Container, "env" | "volumeMounts" | "volumeDevices">;

/**
 * The parts of the Pod's other containers that `present` lacks: variables by name, mounts and devices by path.
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:buildSidecars`.
 */
export function derive(
  plan: SidecarPlan,
  { present, context }: { present: Present; context: TransferContext },
): Pick<Derived, "env" | "mounts" | "devices"> {
  const { sources } = context;
  const { mounts, devices } = sharedVolumes(plan, { present, sources });
  const env = missing(
    [
      ...transferredEnv(plan.sidecar, context),
      ...plan.sharesMounts
        ? sources.subPathVariables().flatMap(({ variable }) => variable ?? [])
        : [],
    ],
    present.env ?? [],
  );
  return { env, mounts, devices };
}

/** The container for the Pod; the planned one itself if nothing is derived. */
export function buildContainer(
  plan: SidecarPlan,
  { planned, derived }: { planned: PlannedContainer; derived: Derived | undefined },
): Container {
  if (derived === undefined) return planned.container;
  const { env, mounts, devices, resources } = derived;
  const container = { ...planned.container };
  if (env.length > 0) container.env = [...withAddedEnv(plan.firstEnv, env), ...planned.lastEnv];
  if (mounts.length > 0) {
    container.volumeMounts = [...(plan.sidecar.volumeMounts ?? []), ...mounts];
  }
  if (devices.length > 0) {
    container.volumeDevices = [...(plan.sidecar.volumeDevices ?? []), ...devices];
  }
  if (resources !== undefined) container.resources = resources;
  return container;
}

/** Variables with new names; the first of each name. */
function missing(variables: readonly EnvVar[], present: readonly EnvVar[]): readonly EnvVar[] {
  if (variables.length === 0) return variables;
  const names = new Set(present.map((variable) => variable.name));
  return variables.filter((variable) => {
    if (names.has(variable.name)) return false;
    names.add(variable.name);
    return true;
  });
}

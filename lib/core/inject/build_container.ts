import type { Container, EnvVar, VolumeDevice, VolumeMount } from "../../api/container.ts";
import { withAddedEnv } from "./env_references.ts";
import type { PlannedContainer, SidecarPlan } from "./sidecar_plan.ts";
import { sharedVolumes } from "./shared_volumes.ts";
import { type TransferContext, transferredEnv } from "./transfer_env.ts";

/** What a sidecar takes over from the Pod that it is injected into. */
export interface Derived {
  readonly env: readonly EnvVar[];
  readonly mounts: readonly VolumeMount[];
  readonly devices: readonly VolumeDevice[];
  /** Resources computed for this Pod; undefined where the sidecar has no resources policy. */
  readonly resources: Container["resources"];
}

/** What a container has already, which shared and transferred parts must not repeat. */
type Present = Pick<Container, "env" | "volumeMounts" | "volumeDevices">;

/**
 * The parts that the Pod's other containers add to `present`: variables by name, mounts and devices by path.
 * What is there already wins. Source: `pkg/webhook/pod/mutating/sidecarset.go:buildSidecars`.
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

/** The container as it goes into the Pod; the planned one itself where nothing is derived. */
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

/** The variables whose names are not there yet; of two with one name the first. */
function missing(wanted: readonly EnvVar[], present: readonly EnvVar[]): readonly EnvVar[] {
  if (wanted.length === 0) return wanted;
  const names = new Set(present.map((variable) => variable.name));
  return wanted.filter((variable) => {
    if (names.has(variable.name)) return false;
    names.add(variable.name);
    return true;
  });
}

import type { Container, EnvVar, VolumeDevice, VolumeMount } from "../../api/container.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { compareUtf8 } from "../json/go_json.ts";
import type { Admission } from "./admit.ts";
import { type TransferContext, transferContextOf, transferredEnv, withAddedEnv } from "./env.ts";
import { sharedVolumes } from "./shared_volumes.ts";
import type { ContainerList, PlannedContainer, SidecarPlan } from "./sidecar_plan.ts";

/** A container to inject. */
interface Built {
  readonly container: Container;
  readonly inFront: boolean;
}

/**
 * Operations that add the admitted sidecars to both lists: in place of a container of the same name, before the
 * Pod's own containers, or after them. Init containers are sorted by name; containers are in the order of the
 * SidecarSets.
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:mergeSidecarContainers`.
 */
export function writeContainers(
  admission: Admission,
  { pod, derived }: { readonly pod: Pod; readonly derived: DerivedParts },
): JsonPatchOperation[] {
  const built: Record<ContainerList, Built[]> = { initContainers: [], containers: [] };
  for (const { plan } of admission.admitted) {
    for (const sidecar of plan.sidecars) {
      for (const planned of sidecar.containers) {
        built[sidecar.list].push({
          container: buildContainer(sidecar, { planned, derived: derived.get(sidecar) }),
          inFront: sidecar.inFront,
        });
      }
    }
  }
  built.initContainers.sort((a, b) => compareUtf8(a.container.name, b.container.name));
  return [
    ...place(built.initContainers, { list: "initContainers", admission, pod }),
    ...place(built.containers, { list: "containers", admission, pod }),
  ];
}

function place(
  built: readonly Built[],
  { list, admission, pod }: { list: ContainerList; admission: Admission; pod: Pod },
): JsonPatchOperation[] {
  if (built.length === 0) return [];
  const replacing: JsonPatchOperation[] = [];
  const front: Container[] = [];
  const behind: Container[] = [];
  for (const { container, inFront } of built) {
    const place = admission.occupied.places.get(container.name);
    if (place !== undefined) {
      replacing.push({ op: "replace", path: `/spec/${list}/${place.index}`, value: container });
    } else if (inFront) front.push(container);
    else behind.push(container);
  }
  if (!pod.spec[list]) {
    return [{ op: "add", path: `/spec/${list}`, value: [...front, ...behind] }];
  }
  // Replacements come first, as their indices are those of the given Pod.
  return [
    ...replacing,
    ...behind.map((value) => add(`/spec/${list}/-`, value)),
    ...front.map((value, index) => add(`/spec/${list}/${index}`, value)),
  ];
}

function add(path: string, value: unknown): JsonPatchOperation {
  return { op: "add", path, value };
}

/** Parts of a container that are taken from the Pod. */
interface Derived {
  readonly env: readonly EnvVar[];
  readonly mounts: readonly VolumeMount[];
  readonly devices: readonly VolumeDevice[];
  /** Resources computed for this Pod; undefined where the sidecar has no resources policy. */
  readonly resources: Container["resources"];
}

/** By sidecar; only for those that depend on the Pod. */
type DerivedParts = ReadonlyMap<SidecarPlan, Derived>;

/** The parts that the admitted sidecars take from the Pod. */
export function derivedParts(pod: Pod, admission: Admission): DerivedParts {
  const parts = new Map<SidecarPlan, Derived>();
  for (const { plan, resources } of admission.admitted) {
    for (const sidecar of plan.sidecars) {
      if (!sidecar.dependsOnPod) continue;
      const present = sidecar.containers[0]?.container ?? {};
      const derived = derive(sidecar, { present, context: transferContextOf(pod, admission) });
      parts.set(sidecar, { ...derived, resources: resources.get(sidecar) });
    }
  }
  return parts;
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
function buildContainer(
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

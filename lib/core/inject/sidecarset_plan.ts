import type { Volume } from "../../api/container.ts";
import { recordedSidecars } from "../pod_metadata/records.ts";
import { volumesUsedBy } from "../pod_metadata/unpatched.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { Obstacle } from "../reasons.ts";
import { type PlannedPatch, planPatches, volumesOfFiles, volumesOfPatch } from "./patch_plan.ts";
import { planSidecar, type SidecarPlan } from "./sidecar_plan.ts";

/**
 * The part of a SidecarSet's injection that does not depend on the Pod; computed once per version of the
 * SidecarSet.
 */
export interface SidecarSetPlan {
  readonly prepared: PreparedSidecarSet;
  readonly name: string;
  /** Init containers, then containers, each in the order of the spec. */
  readonly sidecars: readonly SidecarPlan[];
  /** Names in the spec, without the suffixes of hot-upgrade pairs. */
  readonly sidecarNames: ReadonlySet<string>;
  /** Names of the containers in the Pod. */
  readonly containerNames: ReadonlySet<string>;
  /** The sidecars that the hash annotations name. */
  readonly sidecarList: readonly string[];
  /** Patches of the Pod's own containers. */
  readonly patches: readonly PlannedPatch[];
  /** Volumes of the SidecarSet that its sidecars or patches mount explicitly. */
  readonly volumes: readonly Volume[];
  /** Names of those that only patches mount. */
  readonly patchVolumes: ReadonlySet<string>;
  /** Volumes that sidecars or patches mount explicitly and the Pod must have. */
  readonly volumesOfPod: readonly { readonly user: string; readonly volume: string }[];
  /** Whether a sidecar is a hot-upgrade pair. */
  readonly hasPairs: boolean;
  /** Why the API server would refuse every injected Pod. */
  readonly obstacle: Obstacle | undefined;
}

/**
 * The volumes of a SidecarSet that its sidecars or applied patches mount. A mount that a sidecar shares with the Pod
 * brings none.
 *
 * @param patched names of the volumes that applied patches mount
 */
export function neededVolumes(
  { volumes, patchVolumes }: Pick<SidecarSetPlan, "volumes" | "patchVolumes">,
  patched: ReadonlySet<string>,
): readonly Volume[] {
  return volumes.filter(({ name }) => !patchVolumes.has(name) || patched.has(name));
}

/** Plans the injection of a SidecarSet, or of a revision restored as one. */
export function planSidecarSet(prepared: PreparedSidecarSet): SidecarSetPlan {
  const { initContainers = [], containers = [] } = prepared.sidecarSet.spec;
  const sidecars = [
    ...initContainers.map((sidecar) => planSidecar(sidecar, "initContainers")),
    ...containers.map((sidecar) => planSidecar(sidecar, "containers")),
  ];
  const patches = planPatches(prepared.sidecarSet.spec.patchContainers);
  const planned = "reason" in patches ? [] : patches;
  return {
    prepared,
    name: prepared.name,
    sidecars,
    patches: planned,
    sidecarNames: new Set(sidecars.map((plan) => plan.sidecar.name)),
    containerNames: new Set(
      sidecars.flatMap((plan) => plan.containers.map((container) => container.name)),
    ),
    sidecarList: recordedSidecars(prepared.sidecarSet),
    ...volumesOf(prepared, { sidecars, patches: planned }),
    hasPairs: sidecars.some((plan) => plan.containers.length > 1),
    obstacle: staticObstacle(sidecars) ?? ("reason" in patches ? patches : undefined),
  };
}

/** Only volumes that a sidecar or patch uses are added. Of two volumes with one name the last counts, as upstream. */
function volumesOf(
  prepared: PreparedSidecarSet,
  { sidecars, patches }: Pick<SidecarSetPlan, "sidecars" | "patches">,
): Pick<SidecarSetPlan, "volumes" | "patchVolumes" | "volumesOfPod"> {
  const defined = new Map(
    prepared.sidecarSet.spec.volumes?.map((volume) => [volume.name, volume]) ?? [],
  );
  const volumes = new Set<Volume>();
  const volumesOfPod: { user: string; volume: string }[] = [];
  const use = (user: string, names: readonly string[]) => {
    for (const name of names) {
      const volume = defined.get(name);
      if (volume === undefined) volumesOfPod.push({ user, volume: name });
      else volumes.add(volume);
    }
  };
  for (const { sidecar } of sidecars) {
    use(`container ${sidecar.name}`, [
      ...volumesUsedBy(sidecar),
      ...volumesOfFiles(sidecar.env ?? []),
    ]);
  }
  const ofSidecars = new Set(volumes);
  for (const { field, patch } of patches) use(field, volumesOfPatch(patch));
  const ofPatches = [...volumes].filter((volume) => !ofSidecars.has(volume));
  return {
    volumes: [...volumes],
    patchVolumes: new Set(ofPatches.map(({ name }) => name)),
    volumesOfPod,
  };
}

/**
 * Problems that the API server refuses in every Pod: a container without an image, a duplicate name or path.
 * Validation finds them in the current spec; a pinned revision may be older than the validation.
 */
function staticObstacle(sidecars: readonly SidecarPlan[]): Obstacle | undefined {
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

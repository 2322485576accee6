import type { Container, EnvVar } from "../../api/container.ts";
import type { Read } from "../../api/problems.ts";
import { INJECTED_ENV, TERMINATE_ENV, VERSION_ALT_ENV, VERSION_ENV } from "../../api/names.ts";
import {
  coreContainer,
  type SidecarContainer,
  type SidecarField,
} from "../../api/sidecar_container.ts";
import {
  containersOfPair,
  isHotUpgrade,
  versionAltAnnotation,
  versionAnnotation,
} from "../annotations/hot_upgrade.ts";
import { type PreparedResourcesPolicy, prepareResourcesPolicy } from "./resources_policy.ts";

/** The list in a Pod's spec that holds the container. */
export type ContainerList = "initContainers" | "containers";

/** One container that a sidecar becomes in a Pod. */
export interface PlannedContainer {
  readonly name: string;
  /** Complete unless parts are taken from the Pod. Shared by all Pods, so never mutated. */
  readonly container: Container;
  /** Variables that come last. */
  readonly lastEnv: readonly EnvVar[];
}

/** The part of a sidecar's injection that does not depend on the Pod. */
export interface SidecarPlan {
  readonly sidecar: SidecarContainer;
  readonly list: ContainerList;
  /** One container, or the two of a hot-upgrade pair. */
  readonly containers: readonly PlannedContainer[];
  /** The sidecar's own variables, and the marks of the injection. */
  readonly firstEnv: readonly EnvVar[];
  readonly inFront: boolean;
  readonly sharesMounts: boolean;
  readonly sharesDevices: boolean;
  readonly resourcesPolicy: Read<PreparedResourcesPolicy> | undefined;
  /** Whether any part of the container depends on the Pod. */
  readonly dependsOnPod: boolean;
}

const INJECTED_MARK: EnvVar = { name: INJECTED_ENV, value: "true" };
const TERMINATE_MARK: EnvVar = { name: TERMINATE_ENV, value: "true" };

/**
 * For every field that SidecarSet adds to a Container: whether it makes the injected container depend on the Pod.
 * The compiler reports a missing field.
 */
const DEPENDS_ON_POD: Readonly<Record<SidecarField, (sidecar: SidecarContainer) => boolean>> = {
  podInjectPolicy: () => false,
  // The Pod may have the versions of the pair already.
  upgradeStrategy: isHotUpgrade,
  shareVolumePolicy: sharesMountsOf,
  shareVolumeDevicePolicy: sharesDevicesOf,
  transferEnv: ({ transferEnv = [] }) => transferEnv.length > 0,
  resourcesPolicy: ({ resourcesPolicy }) => resourcesPolicy !== undefined,
  completionPolicy: () => false,
};

/** The fields that make the injected container depend on the Pod. */
export function podDependentFields(sidecar: SidecarContainer): readonly string[] {
  return Object.entries(DEPENDS_ON_POD).flatMap(([field, dependsOnPod]) =>
    dependsOnPod(sidecar) ? [field] : []
  );
}

function sharesMountsOf({ shareVolumePolicy }: SidecarContainer): boolean {
  return shareVolumePolicy?.type === "enabled";
}

function sharesDevicesOf({ shareVolumeDevicePolicy }: SidecarContainer): boolean {
  return shareVolumeDevicePolicy?.type === "enabled";
}

/**
 * Plans the part of a sidecar's injection that does not depend on the Pod
 * (`pkg/webhook/pod/mutating/sidecarset.go:buildSidecars`).
 */
export function planSidecar(sidecar: SidecarContainer, list: ContainerList): SidecarPlan {
  const firstEnv = [...(sidecar.env ?? []), INJECTED_MARK, ...terminateMark(sidecar, list)];
  return {
    sidecar,
    list,
    containers: plannedContainers(sidecar, { list, firstEnv }),
    firstEnv,
    // The defaults, which differ for the two lists, have been applied to the SidecarSet.
    inFront: sidecar.podInjectPolicy === "BeforeAppContainer",
    sharesMounts: sharesMountsOf(sidecar),
    sharesDevices: sharesDevicesOf(sidecar),
    resourcesPolicy: sidecar.resourcesPolicy && prepareResourcesPolicy(sidecar.resourcesPolicy),
    dependsOnPod: podDependentFields(sidecar).length > 0,
  };
}

/** Whether the container runs as long as the Pod: containers, and native sidecars. */
export function isLongRunning(plan: Pick<SidecarPlan, "list" | "sidecar">): boolean {
  return plan.list === "containers" || plan.sidecar.restartPolicy === "Always";
}

/**
 * Records the completion policy in the Pod, independent of later changes of the SidecarSet. The kubelet terminates
 * native sidecars.
 */
function terminateMark(sidecar: SidecarContainer, list: ContainerList): readonly EnvVar[] {
  const ends = list === "containers" && sidecar.completionPolicy === "TerminateWithMain";
  return ends && !sidecar.env?.some(({ name }) => name === TERMINATE_ENV) ? [TERMINATE_MARK] : [];
}

function plannedContainers(
  sidecar: SidecarContainer,
  { list, firstEnv }: { list: ContainerList; firstEnv: readonly EnvVar[] },
): readonly PlannedContainer[] {
  const core = coreContainer(sidecar);
  if (!isHotUpgrade(sidecar) || !isLongRunning({ list, sidecar })) {
    return [{ name: core.name, container: { ...core, env: [...firstEnv] }, lastEnv: [] }];
  }
  const [working, idle] = containersOfPair(sidecar.name);
  const ofPair = (name: string, image: string | undefined): PlannedContainer => {
    const lastEnv = versionEnv(name);
    const { image: _image, ...rest } = core;
    return {
      name,
      container: {
        ...rest,
        ...(image === undefined ? {} : { image }),
        name,
        env: [...firstEnv, ...lastEnv],
      },
      lastEnv,
    };
  };
  return [ofPair(working, core.image), ofPair(idle, sidecar.upgradeStrategy?.hotUpgradeEmptyImage)];
}

/** `pkg/webhook/pod/mutating/sidecarset_hotupgrade.go:injectHotUpgradeContainers` */
function versionEnv(container: string): readonly EnvVar[] {
  const fromAnnotation = (name: string, key: string): EnvVar => ({
    name,
    valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${key}']` } },
  });
  return [
    fromAnnotation(VERSION_ENV, versionAnnotation(container)),
    fromAnnotation(VERSION_ALT_ENV, versionAltAnnotation(container)),
  ];
}

import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import type { Pod, UpgradeSpec } from "../../api/pod.ts";
import { isHotUpgrade, workingContainers } from "../annotations/hot_upgrade.ts";
import {
  injectedSidecarSets,
  isInjectedBy,
  isMarkedInjected,
} from "../annotations/injected_list.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { isStateConsistent } from "./consistency.ts";
import { isActive, isRunningAndReady, unfinishedPairs } from "./readiness.ts";
import {
  containerNames,
  findContainer,
  runningSidecars,
  sidecarContainerNames,
} from "./sidecars.ts";

/** What a Pod is to a SidecarSet. Each trait is one bit, so that a class is a number: small, and comparable by `===`. */
export const PodTrait = {
  /** Selected, active and injected. Every trait but the next two implies it. */
  Matched: 1,
  /** Selected and active, but not injected. */
  Uninjected: 2,
  /** Uninjected although it was created while the current selection was in force. */
  Missed: 4,
  /** Its recorded hash is the current one. */
  Updated: 8,
  /** Runs the images of its spec, is ready, and no hot upgrade is under way. */
  Ready: 16,
  /** Outdated, and more than images would have to change. */
  NotUpgradable: 32,
  /** An image change is still on its way to the kubelet. */
  InFlight: 64,
  /** Both halves of a hot-upgrade pair run a real image. */
  HalfUpgraded: 128,
} as const;

/** A set of traits, as the sum of their bits; 0 where the Pod is nothing to the SidecarSet. */
export type PodClass = number;

/** What a class depends on beside the Pod and the SidecarSet. */
export interface ClassifyContext {
  /** Whether the SidecarSet's selectors match the Pod and its namespace now, and no exclusion or canary takes the Pod away. */
  readonly selected: boolean;
  /** Since when the current selection has been in force; absent while it is not, so that nothing counts as missed. */
  readonly effectiveSince?: string;
  /** The Pod came to be selected after its creation, by a change of labels. */
  readonly selectedLater?: boolean;
}

/** Whether a class has a trait of {@linkcode PodTrait}. */
export function hasTrait(podClass: PodClass, trait: number): boolean {
  return (podClass & trait) !== 0;
}

/**
 * Classifies one Pod for one SidecarSet, in time proportional to the Pod's containers.
 * Source: `pkg/controller/sidecarset/sidecarset_processor.go:calculateStatus`; matched as departure D-5 has it.
 */
export function classifyPod(
  pod: Pod,
  prepared: PreparedSidecarSet,
  context: ClassifyContext,
): PodClass {
  if (!context.selected || !isActive(pod)) return 0;
  const record = recordOf(pod, prepared.name);
  if (!isInjected(pod, prepared, record.full)) {
    return PodTrait.Uninjected | (isMissed(pod, context) ? PodTrait.Missed : 0);
  }
  const { name, sidecarSet } = prepared;
  let podClass: PodClass = PodTrait.Matched;
  const sameTemplate = record.withoutImage?.hash === prepared.hashWithoutImage;
  if (record.full?.hash === prepared.hash) podClass |= PodTrait.Updated;
  else if (!sameTemplate || !hasAllContainers(pod, prepared)) podClass |= PodTrait.NotUpgradable;
  const unfinished = unfinishedPairs(pod, prepared, sameTemplate).length > 0;
  if (unfinished) podClass |= PodTrait.HalfUpgraded;
  if (!isStateConsistent(pod, name, sidecarContainerNames(sidecarSet))) {
    podClass |= PodTrait.InFlight;
  } else if (!unfinished && isRunningAndReady(pod)) {
    podClass |= PodTrait.Ready;
  }
  return podClass;
}

/** What the Pod's hash annotations record of a SidecarSet; nothing where they cannot be read. */
export function recordOf(
  pod: Pod,
  sidecarSetName: string,
): { readonly full?: UpgradeSpec | undefined; readonly withoutImage?: UpgradeSpec | undefined } {
  const read = readUpgradeSpecs(pod);
  if (!read.ok) return {};
  const { full, withoutImage } = read.value;
  return { full: full.get(sidecarSetName), withoutImage: withoutImage.get(sidecarSetName) };
}

/**
 * Whether the Pod has a container, or both halves of a pair, for each of the SidecarSet's running sidecars.
 * Source: `pkg/control/sidecarcontrol/util.go:IsPodInjectedSidecarSet` and its structural check.
 */
export function hasAllContainers(pod: Pod, prepared: PreparedSidecarSet): boolean {
  const working = workingContainers(pod);
  return runningSidecars(prepared.sidecarSet).every((sidecar) =>
    (!isHotUpgrade(sidecar) || working.has(sidecar.name)) &&
    containerNames(sidecar).every((name) => findContainer(pod, name) !== undefined)
  );
}

/** A Pod keeps counting as injected when the containers that it got have since been taken out of the SidecarSet. */
function isInjected(
  pod: Pod,
  prepared: PreparedSidecarSet,
  record: UpgradeSpec | undefined,
): boolean {
  if (!injectedSidecarSets(pod).includes(prepared.name)) return false;
  if (isInjectedBy(pod, prepared.sidecarSet)) return true;
  return (record?.sidecarList ?? []).some((sidecar) =>
    [sidecar, ...HOT_UPGRADE_SUFFIXES.map((suffix) => sidecar + suffix)].some((name) => {
      const container = findContainer(pod, name);
      return container !== undefined && isMarkedInjected(container);
    })
  );
}

/** Creation times are cut to whole seconds, so a Pod of the very second in which the selection came into force is in doubt. */
function isMissed(pod: Pod, context: ClassifyContext): boolean {
  if (context.effectiveSince === undefined || context.selectedLater === true) return false;
  const created = Date.parse(pod.metadata.creationTimestamp ?? "");
  return created > Date.parse(context.effectiveSince);
}

import type { ResourceLists } from "../../api/container.ts";
import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import { isMirrorPod, type UpgradeSpec } from "../../api/pod.ts";
import type { ObservedPod } from "../observed_pod.ts";
import {
  injectedSidecarSets,
  isInjectedBy,
  isMarkedInjected,
} from "../annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { isStateConsistent } from "./consistency.ts";
import { findContainer, hasMainEnded, sidecarContainerNames } from "./containers.ts";
import { assessImages } from "./drift.ts";
import { type InPlaceChange, inPlaceChange } from "./in_place.ts";
import { isActive, isRunningAndReady, unfinishedPairs } from "./readiness.ts";
import { hasCurrentRecord, recordOf } from "./record.ts";
import { resizedSpec } from "./resize_refusal.ts";
import { type PendingResize, pendingResize, recordedResize } from "./resize.ts";

/** Class of a Pod with respect to a SidecarSet: a bit set of traits, small and comparable by `===`. */
export const PodTrait = {
  /** Selected, active and injected. Every trait but the next two implies it. */
  Matched: 1,
  /** Selected and active, but not injected. */
  Uninjected: 2,
  /** Uninjected, and created while the current selection was active. */
  Missed: 4,
  /** Its recorded hash is the current one, and the kubelet has applied the resources. */
  Updated: 8,
  /** Runs the images of its spec, is ready, and no hot upgrade is under way. */
  Ready: 16,
  /** Outdated, and only a replacement can be up to date. */
  NotUpgradable: 32,
  /** The kubelet has not applied an image change yet. */
  InFlight: 64,
  /** Both halves of a hot-upgrade pair run a real image. */
  HalfUpgraded: 128,
  /** Updated, but another client changed the image of a sidecar since. */
  Drifted: 256,
  /** Updated, and other webhooks changed images, which the Pod does not record yet. */
  Rewritten: 512,
  /** Has resources of the current revision, but the kubelet has not applied them, or the Pod does not record them. */
  Resizing: 1024,
} as const;

/** A set of traits as the sum of their bits; 0 for an unrelated Pod. */
export type PodClass = number;

/** Input of a class in addition to the Pod and the SidecarSet. */
export interface ClassifyContext {
  /** Whether the SidecarSet's selectors match the Pod and its namespace now, without a canary or exclusion. */
  readonly selected: boolean;
  /** Time since which the current selection has been active; if absent, no Pod is missed. */
  readonly effectiveSince?: string;
  /** The Pod is older than the selection, or was selected later by a label change. */
  readonly selectedLater?: boolean;
  /** The Pod's namespace is excluded, so that recreating the Pod has no effect. */
  readonly excluded?: boolean;
}

/** Whether a class has at least one of the given traits, which are bits of {@linkcode PodTrait}. */
export function hasTrait(podClass: PodClass, trait: number): boolean {
  return (podClass & trait) !== 0;
}

/** Whether a class is that of a matched Pod which is not updated; undefined is that of a Pod without one. */
export function isOutdated(podClass: PodClass = 0): boolean {
  return hasTrait(podClass, PodTrait.Matched) && !hasTrait(podClass, PodTrait.Updated);
}

/**
 * Classifies a Pod for a SidecarSet, in time proportional to the Pod's containers. A Pod that runs to completion
 * has no class when its main containers have terminated: it gets no image and uses no budget.
 * Source: `pkg/controller/sidecarset/sidecarset_processor.go:calculateStatus`; matched as in departure D-5.
 */
export function classifyPod(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  context: ClassifyContext,
): PodClass {
  if (!context.selected || !isActive(pod) || hasMainEnded(pod)) return 0;
  const record = recordOf(pod, prepared.name);
  if (!isInjected(pod, prepared, record.full)) {
    return PodTrait.Uninjected | (isMissed(pod, context) ? PodTrait.Missed : 0);
  }
  const { name, sidecarSet } = prepared;
  let podClass: PodClass = PodTrait.Matched;
  const sameTemplate = record.withoutImage?.hash === prepared.hashWithoutImage;
  const isRecorded = hasCurrentRecord(pod, prepared);
  const change = isRecorded ? undefined : inPlaceChange(pod, prepared);
  const resize = recordedResize(pod, name) ?? unrecordedResize(pod, change);
  if (isRecorded) podClass |= recordedTrait(resize);
  else if (change?.kind === "NotUpgradable") podClass |= PodTrait.NotUpgradable;
  else if (change !== undefined && isHalfDone(pod, change.resizes)) podClass |= PodTrait.Resizing;
  const unfinished = unfinishedPairs(pod, prepared, sameTemplate).length > 0;
  if (unfinished) podClass |= PodTrait.HalfUpgraded;
  const isChanging = !isStateConsistent(pod, name, sidecarContainerNames(sidecarSet));
  if (isChanging || (resize !== undefined && usesBudget(resize))) {
    podClass |= PodTrait.InFlight;
  } else if (!unfinished && isRunningAndReady(pod)) {
    podClass |= PodTrait.Ready;
  }
  return podClass | imageTraits(pod, prepared);
}

/** After an interruption between both patches of an update, the Pod has new resources and an old record. */
function isHalfDone(pod: ObservedPod, resizes: ReadonlyMap<string, ResourceLists>): boolean {
  return resizes.size > 0 && resizedSpec(pod.spec, resizes) === pod.spec;
}

function unrecordedResize(
  pod: ObservedPod,
  change: InPlaceChange | undefined,
): PendingResize | undefined {
  if (change?.kind !== "Upgradable" || change.resizes.size === 0) return undefined;
  return pendingResize(pod, { byContainer: change.resizes });
}

function recordedTrait(resize: PendingResize | undefined): PodClass {
  if (resize === undefined) return PodTrait.Updated;
  return resize.kind === "Infeasible" ? PodTrait.NotUpgradable : PodTrait.Resizing;
}

/**
 * A deferred or infeasible resize changes nothing in the container, so it does not hold back other Pods; a deferred
 * one that restarts the container can do so at any time.
 */
function usesBudget({ kind, restarts }: PendingResize): boolean {
  return kind === "InProgress" || (kind === "Deferred" && restarts);
}

/** Images are unknown if the API server reports neither generations nor field owners. */
function imageTraits(pod: ObservedPod, prepared: PreparedSidecarSet): PodClass {
  const { generation = 0, managedFields } = pod.metadata;
  if (generation < 1 && managedFields === undefined) return 0;
  const { drift, rewritten } = assessImages(pod, prepared);
  return (rewritten.size > 0 ? PodTrait.Rewritten : 0) | (drift.length > 0 ? PodTrait.Drifted : 0);
}

/** A Pod still counts as injected if its containers were removed from the SidecarSet. */
function isInjected(
  pod: ObservedPod,
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

/**
 * A mirror Pod or an excluded Pod is not missed. Creation times are in whole seconds; `selectedLater` decides for a
 * Pod created in the same second as the selection.
 */
function isMissed(pod: ObservedPod, context: ClassifyContext): boolean {
  const { effectiveSince, selectedLater, excluded } = context;
  if (effectiveSince === undefined || selectedLater === true || excluded === true) return false;
  if (isMirrorPod(pod)) return false;
  return Date.parse(pod.metadata.creationTimestamp ?? "") >= Date.parse(effectiveSince);
}

/** Numbers of a SidecarSet's Pods by trait, as in its status. */
export interface PodCounts {
  readonly matchedPods: number;
  readonly updatedPods: number;
  readonly readyPods: number;
  readonly updatedReadyPods: number;
  readonly uninjectedPods: number;
  readonly missedPods: number;
  readonly notUpgradablePods: number;
}

export const NO_PODS: PodCounts = {
  matchedPods: 0,
  updatedPods: 0,
  readyPods: 0,
  updatedReadyPods: 0,
  uninjectedPods: 0,
  missedPods: 0,
  notUpgradablePods: 0,
};

/** Counts Pods by their classes. */
export function countPods(classes: Iterable<PodClass>): PodCounts {
  let counts = NO_PODS;
  for (const podClass of classes) counts = recount(counts, 0, podClass);
  return counts;
}

/**
 * The counts after one Pod changed its class; 0 is the class of an absent Pod.
 *
 * @returns the same reference if both classes are equal
 */
export function recount(counts: PodCounts, before: PodClass, after: PodClass): PodCounts {
  if (before === after) return counts;
  const change = (...traits: number[]) =>
    Number(traits.every((trait) => hasTrait(after, trait))) -
    Number(traits.every((trait) => hasTrait(before, trait)));
  return {
    matchedPods: counts.matchedPods + change(PodTrait.Matched),
    updatedPods: counts.updatedPods + change(PodTrait.Updated),
    readyPods: counts.readyPods + change(PodTrait.Ready),
    updatedReadyPods: counts.updatedReadyPods + change(PodTrait.Updated, PodTrait.Ready),
    uninjectedPods: counts.uninjectedPods + change(PodTrait.Uninjected),
    missedPods: counts.missedPods + change(PodTrait.Missed),
    notUpgradablePods: counts.notUpgradablePods + change(PodTrait.NotUpgradable),
  };
}

import { hasTrait, type PodClass, PodTrait } from "./pod_class.ts";

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

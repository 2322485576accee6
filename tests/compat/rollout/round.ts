import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import {
  containersOfPair,
  isHotUpgrade,
  versionAltAnnotation,
  versionAnnotation,
} from "../../../lib/core/annotations/hot_upgrade.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { upgradableCondition } from "../../../lib/core/rollout/upgradable.ts";
import { imagePatch, upgradePatch } from "../../../lib/core/rollout/pod_update.ts";
import { findContainer } from "../../../lib/core/status/containers.ts";
import { asInjected, NOW } from "./cases.ts";
import { applyPodUpdate, withCondition } from "./cluster.ts";
import { isWholeConsistent } from "./consistency.ts";
import { choose, type Corrected, idleHalves, isDenied, isReady, isUpdated } from "./openkruise.ts";
import { planFor } from "./ours.ts";

/** What one round of a controller leaves behind. */
export interface Round {
  readonly pods: readonly Pod[];
  /** As of before the changes. */
  readonly counts: RoundCounts;
  /** Type and reason, sorted. */
  readonly events: readonly string[];
}

interface RoundCounts {
  readonly matchedPods: number;
  readonly updatedPods: number;
  readonly readyPods: number;
  readonly updatedReadyPods: number;
}

const TIME = `${NOW.toISOString().slice(0, 19)}Z`;

/** One round as the program does it. */
export function ourRound(pods: readonly Pod[], prepared: PreparedSidecarSet): Round {
  const marked = pods.map((pod) => asInjected(pod, prepared.sidecarSet));
  const { plan, counts } = planFor(marked, prepared, { finishesHotUpgrades: true });
  const updates = new Map([...plan.flips, ...plan.updates].map((update) => [update.uid, update]));
  const left = new Map(plan.notUpgradable.map(({ pod, condition }) => [pod, condition]));
  const { matchedPods, updatedPods, readyPods, updatedReadyPods } = counts;
  return {
    pods: pods.map((pod, i) => {
      const injected = marked[i] ?? pod;
      const update = updates.get(injected.metadata.uid ?? "");
      if (update !== undefined) return withoutDenial(applyPodUpdate(pod, update), prepared);
      return withCondition(pod, left.get(injected));
    }),
    counts: { matchedPods, updatedPods, readyPods, updatedReadyPods },
    events: eventsOf({ flips: plan.flips.length, notUpgradable: plan.notUpgradable.length }),
  };
}

/** The Pod after the controller has seen that an upgrade which it denied has happened. */
function withoutDenial(pod: Pod, prepared: PreparedSidecarSet): Pod {
  if (!isDenied(pod, prepared)) return pod;
  const entry = { sidecarSetName: prepared.name, upgradable: true, now: TIME };
  const exists = (name: string) => name === prepared.name;
  return withCondition(pod, upgradableCondition(pod, { ...entry, exists }));
}

/** One round as OpenKruise does it, with some of its defects corrected. */
export function openKruiseRound(
  pods: readonly Pod[],
  prepared: PreparedSidecarSet,
  corrected: Corrected,
): Round {
  const choice = choose(pods, prepared, corrected);
  const updated = pods.filter((pod) => isUpdated(pod, prepared));
  const ready = pods.filter((pod) =>
    isWholeConsistent(pod, prepared, corrected) && isReady(pod, prepared, corrected)
  );
  const condition = (pod: Pod, upgradable: boolean) =>
    upgradableCondition(pod, {
      sidecarSetName: prepared.name,
      upgradable,
      now: TIME,
      exists: (name) => !corrected.has("B-8") || name === prepared.name,
    });
  return {
    pods: pods.map((pod) => {
      if (choice.flips.includes(pod)) return flipped(pod, prepared, corrected);
      if (choice.upgrades.includes(pod)) {
        const changed = upgraded(pod, prepared, corrected);
        if (corrected.has("D-12") && !isDenied(pod, prepared)) return changed;
        return withCondition(changed, condition(pod, true));
      }
      return choice.notUpgradable.includes(pod) ? withCondition(pod, condition(pod, false)) : pod;
    }),
    counts: {
      matchedPods: pods.length,
      updatedPods: updated.length,
      readyPods: ready.length,
      updatedReadyPods: updated.filter((pod) => ready.includes(pod)).length,
    },
    events: eventsOf({
      flips: choice.flips.length,
      notUpgradable: choice.notUpgradable.length,
    }),
  };
}

function upgraded(pod: Pod, prepared: PreparedSidecarSet, corrected: Corrected): Pod {
  const sidecarSet = corrected.has("step-back")
    ? prepared.sidecarSet
    : withoutServedImages(pod, prepared.sidecarSet);
  const patched = upgradePatch(pod, { prepared: { ...prepared, sidecarSet }, now: TIME });
  return patched.ok ? applyPodUpdate(pod, patched) : pod;
}

/** OpenKruise changes nothing in a pair of which a half has the image already. */
function withoutServedImages(pod: Pod, sidecarSet: SidecarSet): SidecarSet {
  const containers = sidecarSet.spec.containers?.map((sidecar) => {
    const served = isHotUpgrade(sidecar) && containersOfPair(sidecar.name)
      .some((half) => findContainer(pod, half)?.image === sidecar.image);
    if (!served) return sidecar;
    const { image: _, ...rest } = sidecar;
    return rest;
  });
  if (containers === undefined) return sidecarSet;
  return { ...sidecarSet, spec: { ...sidecarSet.spec, containers } };
}

function flipped(pod: Pod, prepared: PreparedSidecarSet, corrected: Corrected): Pod {
  const full = idleHalves(pod, prepared, corrected).filter(({ empty }) => !empty);
  const images = new Map(
    full.map(({ idle, sidecar }) => [
      idle,
      sidecar.upgradeStrategy?.hotUpgradeEmptyImage ?? "",
    ]),
  );
  const annotations = new Map(full.flatMap(({ idle, working }) => [
    [versionAnnotation(idle), "0"],
    [versionAltAnnotation(working), "0"],
  ]));
  const patch = imagePatch(pod, { prepared, now: TIME }, { changes: [{ images, annotations }] });
  return applyPodUpdate(pod, { patch });
}

function eventsOf(numbers: { readonly flips: number; readonly notUpgradable: number }): string[] {
  const events = Array<string>(numbers.flips).fill("Normal ResetContainerSucceed");
  return numbers.notUpgradable > 0 ? ["Normal NotUpgradablePods", ...events] : events;
}

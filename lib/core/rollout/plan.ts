import type { Pod } from "../../api/pod.ts";
import { matchesSelector } from "../select/label_selector.ts";
import { hasTrait, PodTrait } from "../status/pod_class.ts";
import { availability, isReady } from "./availability.ts";
import { partitionSize, unavailableLimit, walkBudget, withoutPartition } from "./budget.ts";
import type { LeftPod, RolloutPlan, RolloutSnapshot } from "./contract.ts";
import { orderPods } from "./order.ts";
import type { PodUpdate } from "./pod_update.ts";
import { planReason } from "./plan_reason.ts";
import { leaveNotUpgradable, makeFlip, makeRepair, makeUpgrade } from "./updates.ts";
import { type Upgradability, upgradability } from "./upgradable.ts";

/**
 * Plans the next step of a roll-out: the Pods to change, the patch for each, and what blocks the rest.
 * Deterministic; a complete roll-out gives an empty plan.
 * Source: `pkg/controller/sidecarset/sidecarset_processor.go:UpdateSidecarSet`.
 */
export function planRollout(snapshot: RolloutSnapshot): RolloutPlan {
  const { prepared } = snapshot;
  const strategy = prepared.sidecarSet.spec.updateStrategy ?? {};
  const standstill = { updates: [], flips: [], notUpgradable: [], refused: [] };
  if (prepared.problems.length > 0) return { ...standstill, reason: "InvalidSidecarSet" };
  const flips = new Map<Pod, PodUpdate>();
  for (const pod of snapshot.halfUpgraded) {
    const flip = isBusy(pod, snapshot) ? undefined : makeFlip(pod, snapshot);
    if (flip !== undefined) flips.set(pod, flip);
  }
  const held = { ...standstill, flips: [...flips.values()] };
  if (strategy.type === "NotUpdate") return { ...held, reason: "NotUpdate" };
  if (strategy.paused === true) return { ...held, reason: "Paused" };

  const sorted = sortOut(snapshot, flips);
  const ordered = orderPods(sorted.candidates, strategy, snapshot.matched);
  const matched = snapshot.counts.matchedPods;
  const { taken, kept } = withoutPartition(ordered, {
    partition: partitionSize(strategy.partition, matched),
    stayOldAnyway: sorted.stayOld,
  });
  const refused: LeftPod[] = [];
  // An image that another webhook changed in the same update is no drift, and is recorded before the update
  // completes.
  const drifted = snapshot.drifted.filter((pod) => !snapshot.pending.has(uidOf(pod)));
  const repairs = strategy.driftPolicy === "Repair"
    ? drifted.filter((pod) => !isBusy(pod, snapshot))
    : [];
  // The budget is not computed if no Pod is outdated or drifted, as in most plans.
  const available = taken.length + repairs.length > 0
    ? availability(snapshot)
    : { unavailable: 0, nextAt: undefined };
  const outdated = new Set(taken);
  const walk = walkBudget<Pod, PodUpdate>([...taken, ...repairs], {
    limit: unavailableLimit(strategy.maxUnavailable, matched),
    unavailable: available.unavailable,
    ...(snapshot.room === undefined ? {} : { room: snapshot.room }),
    isAvailable: (pod) => isReady(pod, snapshot) && !snapshot.pending.has(uidOf(pod)),
    update: (pod) => {
      if (!outdated.has(pod)) return makeRepair(pod, snapshot);
      const made = makeUpgrade(pod, snapshot);
      if (made.ok) return made.update;
      refused.push(made.left);
      return undefined;
    },
  });
  const notUpgradable = sorted.notUpgradable.map((pod) => leaveNotUpgradable(pod, snapshot));
  const waitUntil = earliest([available.nextAt, sorted.retryAt]);
  return {
    updates: walk.updates,
    flips: held.flips,
    notUpgradable,
    refused,
    reason: planReason({
      outdated: snapshot.outdated.length,
      underWay: walk.updates.length + flips.size + sorted.inFlight +
        snapshot.drifted.length - drifted.length,
      heldBack: walk.heldBack,
      refused: refused.length + sorted.backingOff,
      kept,
      notUpgradable: notUpgradable.length,
      drifted: drifted.length,
    }),
    ...(waitUntil === undefined ? {} : { waitUntil }),
  };
}

interface Sorted {
  readonly candidates: readonly Pod[];
  readonly notUpgradable: readonly Pod[];
  readonly inFlight: number;
  readonly backingOff: number;
  /** Outdated Pods that this step does not update; Pods with a pending write count as updated. */
  readonly stayOld: number;
  readonly retryAt: number | undefined;
}

function sortOut(snapshot: RolloutSnapshot, flips: ReadonlyMap<Pod, PodUpdate>): Sorted {
  const { prepared, outdated } = snapshot;
  const selector = prepared.sidecarSet.spec.updateStrategy?.selector;
  const candidates: Pod[] = [];
  const notUpgradable: Pod[] = [];
  let inFlight = 0;
  let written = 0;
  const waiting: number[] = [];
  for (const pod of outdated) {
    const uid = uidOf(pod);
    if (isPending(uid, snapshot)) {
      written++;
      continue;
    }
    if (selector !== undefined && !matchesSelector(selector, pod.metadata.labels ?? {})) continue;
    const kind = kindOf(pod, snapshot);
    const retryAt = snapshot.retryAt.get(uid);
    if (kind === "NotUpgradable") notUpgradable.push(pod);
    else if (kind === "InFlight" || flips.has(pod)) inFlight++;
    else if (retryAt !== undefined && retryAt > snapshot.now.getTime()) waiting.push(retryAt);
    else candidates.push(pod);
  }
  return {
    candidates,
    notUpgradable,
    inFlight: inFlight + written,
    backingOff: waiting.length,
    stayOld: outdated.length - candidates.length - written,
    retryAt: earliest(waiting),
  };
}

/** The class decides for most Pods; only a Pod with a pending change must be read. */
function kindOf(pod: Pod, { classOf, prepared }: RolloutSnapshot): Upgradability["kind"] {
  const podClass = classOf(pod);
  if (hasTrait(podClass, PodTrait.NotUpgradable)) return "NotUpgradable";
  return hasTrait(podClass, PodTrait.InFlight) ? upgradability(pod, prepared).kind : "Upgradable";
}

/** Whether the Pod has an unobserved write, or a write failed too recently. */
function isBusy(pod: Pod, snapshot: RolloutSnapshot): boolean {
  const { retryAt, now } = snapshot;
  const uid = uidOf(pod);
  return isPending(uid, snapshot) || (retryAt.get(uid) ?? 0) > now.getTime();
}

/** Whether a write must be observed before the next one. */
function isPending(uid: string, { pending, resend }: RolloutSnapshot): boolean {
  return pending.has(uid) && resend?.has(uid) !== true;
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? "";
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => Math.min(a, b));
}

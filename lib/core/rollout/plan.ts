import type { ObservedPod } from "../observed_pod.ts";
import { readUpdatedImages } from "../annotations/updated_images.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { matchesSelector } from "../select/label_selector.ts";
import { mapInSteps, runAtOnce, STEP_ITEMS, type Steps } from "../steps.ts";
import { hasTrait, PodTrait } from "../status/pod_class.ts";
import { hasCurrentRecord } from "../status/record.ts";
import { availability, isReady } from "./availability.ts";
import { BudgetWalk, partitionSize, unavailableLimit, withoutPartition } from "./budget.ts";
import type { FurtherUpdates, LeftPod, RolloutPlan, RolloutSnapshot } from "./contract.ts";
import { orderPods } from "./order.ts";
import type { PodUpdate } from "./pod_update.ts";
import { planReason } from "./plan_reason.ts";
import { type PartialChanges, partialChanges } from "./partial_update.ts";
import { leaveNotUpgradable, makeFlip, makePartial, makeRepair, makeUpgrade } from "./updates.ts";
import { inFlightContainer, type Upgradability, upgradability } from "./upgradable.ts";

/**
 * Plans the next step of a roll-out: the Pods to change, the patch for each, and what blocks the rest.
 * Deterministic; a complete roll-out gives an empty plan.
 * Source: `pkg/controller/sidecarset/sidecarset_processor.go:UpdateSidecarSet`.
 */
export function planRollout(snapshot: RolloutSnapshot): RolloutPlan {
  return runAtOnce(planRolloutInSteps(snapshot));
}

/**
 * As {@linkcode planRollout}, in steps. Each update is compared with the budget by the counts as they are then. A Pod
 * that changes later keeps the update of its earlier state, which the API server refuses by its resourceVersion.
 */
export function* planRolloutInSteps(snapshot: RolloutSnapshot): Steps<RolloutPlan> {
  const { prepared } = snapshot;
  const strategy = prepared.sidecarSet.spec.updateStrategy ?? {};
  const standstill = { updates: [], flips: [], notUpgradable: [], resizing: [], refused: [] };
  if (prepared.problems.length > 0) return { ...standstill, reason: "InvalidSidecarSet" };
  const flips = new Map<ObservedPod, PodUpdate>();
  for (const pod of snapshot.halfUpgraded) {
    const flip = isBusy(pod, snapshot) ? undefined : makeFlip(pod, snapshot);
    if (flip !== undefined) flips.set(pod, flip);
  }
  const held = { ...standstill, flips: [...flips.values()] };
  if (strategy.type === "NotUpdate") return { ...held, reason: "NotUpdate" };
  if (strategy.paused === true) return { ...held, reason: "Paused" };

  const sorted = yield* sortOut(snapshot, flips);
  // The partition keeps the last ones, and a started update is finished before another one starts.
  const ordered = [
    ...sorted.started,
    ...yield* orderPods(sorted.candidates, strategy, snapshot.matched),
  ];
  const notUpgradable = yield* mapInSteps(
    sorted.notUpgradable,
    (pod) => leaveNotUpgradable(pod, snapshot),
  );
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
    ? yield* availability(snapshot)
    : { unavailable: () => 0, nextAt: undefined };
  const repaired = new Set(repairs);
  const walk = new BudgetWalk<ObservedPod, PodUpdate>([...taken, ...repairs], {
    limit: () => unavailableLimit(strategy.maxUnavailable, snapshot.counts.matchedPods),
    unavailable: available.unavailable,
    isAvailable: (pod) => isReady(pod, snapshot) && !snapshot.pending.has(uidOf(pod)),
    update: (pod) => {
      if (repaired.has(pod)) return makeRepair(pod, snapshot);
      const images = sorted.partial.get(pod);
      if (images !== undefined) return makePartial(pod, images, snapshot);
      const made = makeUpgrade(pod, snapshot);
      if (made.ok) return made.update;
      refused.push(made.left);
      return undefined;
    },
  });
  const updates = yield* walk.take(snapshot.room);
  const further = furtherUpdates(walk, snapshot);
  const waitUntil = earliest([available.nextAt, sorted.retryAt]);
  return {
    updates,
    ...(further === undefined ? {} : { further }),
    flips: held.flips,
    notUpgradable,
    resizing: sorted.resizing,
    // Without those that are found among further updates: the next plan finds them, too.
    refused: [...refused],
    reason: planReason({
      outdated: snapshot.outdated.length,
      underWay: updates.length + walk.left + flips.size + sorted.inFlight +
        snapshot.drifted.length - drifted.length,
      heldBack: walk.heldBack,
      refused: refused.length + sorted.backingOff,
      resizing: sorted.resizing.filter(({ reason }) => reason === "PodResizeInProgress").length,
      deferred: sorted.resizing.filter(({ reason }) => reason === "PodResizePending").length,
      kept,
      notUpgradable: notUpgradable.length,
      drifted: drifted.length,
    }),
    ...(waitUntil === undefined ? {} : { waitUntil }),
  };
}

/** A Pod that becomes ready later may be settling for `minReadySeconds`, which only another plan finds out. */
function furtherUpdates(
  walk: BudgetWalk<ObservedPod, PodUpdate>,
  { prepared, pending }: RolloutSnapshot,
): FurtherUpdates | undefined {
  const { minReadySeconds = 0 } = prepared.sidecarSet.spec.updateStrategy ?? {};
  if (walk.isDone || minReadySeconds > 0) return undefined;
  return {
    get isDone() {
      return walk.isDone;
    },
    // A Pod with an update under way may have become ready since the plan counted it as unready.
    take: (room) => walk.take(room, pending.size),
  };
}

interface Sorted {
  readonly candidates: readonly ObservedPod[];
  /** Candidates of which the first of two patches has been sent. */
  readonly started: readonly ObservedPod[];
  /** Candidates that get new images only. */
  readonly partial: ReadonlyMap<ObservedPod, PartialChanges>;
  readonly notUpgradable: readonly ObservedPod[];
  readonly resizing: readonly LeftPod[];
  readonly inFlight: number;
  readonly backingOff: number;
  /** Outdated Pods that this step does not update, without those that have or get the current revision. */
  readonly stayOld: number;
  readonly retryAt: number | undefined;
}

function* sortOut(
  snapshot: RolloutSnapshot,
  flips: ReadonlyMap<ObservedPod, PodUpdate>,
): Steps<Sorted> {
  const { prepared, outdated } = snapshot;
  const selector = prepared.sidecarSet.spec.updateStrategy?.selector;
  const candidates: ObservedPod[] = [];
  const started: ObservedPod[] = [];
  const partial = new Map<ObservedPod, PartialChanges>();
  const notUpgradable: ObservedPod[] = [];
  const resizing: LeftPod[] = [];
  let inFlight = 0;
  let written = 0;
  let recorded = 0;
  const waiting: number[] = [];
  for (const [i, pod] of outdated.entries()) {
    if (i % STEP_ITEMS === STEP_ITEMS - 1) yield;
    const uid = uidOf(pod);
    if (isPending(uid, snapshot)) {
      written++;
      continue;
    }
    if (selector !== undefined && !matchesSelector(selector, pod.metadata.labels ?? {})) continue;
    const state = stateOf(pod, snapshot);
    const retryAt = snapshot.retryAt.get(uid);
    const isWaiting = retryAt !== undefined && retryAt > snapshot.now.getTime();
    if (state.kind === "NotUpgradable") {
      notUpgradable.push(pod);
      const images = imagesOf(pod, prepared);
      if (images === "Current") recorded++;
      else if (images === undefined) continue;
      else if (inFlightContainer(pod, prepared) !== undefined || flips.has(pod)) inFlight++;
      else if (isWaiting) waiting.push(retryAt);
      else {
        candidates.push(pod);
        partial.set(pod, images);
      }
    } else if (state.kind === "Resizing") {
      resizing.push({ pod, reason: state.reason, message: state.message });
    } else if (state.kind === "InFlight" || flips.has(pod)) inFlight++;
    else if (isWaiting) waiting.push(retryAt);
    else if (hasTrait(snapshot.classOf(pod), PodTrait.Resizing)) started.push(pod);
    else candidates.push(pod);
  }
  return {
    candidates,
    started,
    partial,
    notUpgradable,
    resizing,
    inFlight: inFlight + written,
    backingOff: waiting.length,
    stayOld: outdated.length - candidates.length - started.length - written - resizing.length -
      recorded,
    retryAt: earliest(waiting),
  };
}

/**
 * Images for a Pod that is not upgradable in place; `Current` if it has those of the current revision, undefined if
 * it stays as it is.
 */
function imagesOf(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
): PartialChanges | "Current" | undefined {
  if (hasCurrentRecord(pod, prepared)) return "Current";
  if (prepared.sidecarSet.spec.updateStrategy?.partialUpdatePolicy !== "Images") return undefined;
  const changes = partialChanges(pod, prepared);
  return changes ?? (readUpdatedImages(pod).has(prepared.name) ? "Current" : undefined);
}

/** The class decides for most Pods; only a Pod with a pending change is read, and its records only while it resizes. */
function stateOf(
  pod: ObservedPod,
  { classOf, prepared }: RolloutSnapshot,
): Upgradability | { readonly kind: "NotUpgradable" } {
  const podClass = classOf(pod);
  if (hasTrait(podClass, PodTrait.NotUpgradable)) return { kind: "NotUpgradable" };
  if (hasTrait(podClass, PodTrait.Resizing)) return upgradability(pod, prepared);
  const container = hasTrait(podClass, PodTrait.InFlight)
    ? inFlightContainer(pod, prepared)
    : undefined;
  return container === undefined ? { kind: "Upgradable" } : { kind: "InFlight", container };
}

/** Whether the Pod has an unobserved write, or a write failed too recently. */
function isBusy(pod: ObservedPod, snapshot: RolloutSnapshot): boolean {
  const { retryAt, now } = snapshot;
  const uid = uidOf(pod);
  return isPending(uid, snapshot) || (retryAt.get(uid) ?? 0) > now.getTime();
}

/** Whether a write must be observed before the next one. */
function isPending(uid: string, { pending, resend }: RolloutSnapshot): boolean {
  return pending.has(uid) && resend?.has(uid) !== true;
}

function uidOf(pod: ObservedPod): string {
  return pod.metadata.uid ?? "";
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => Math.min(a, b));
}

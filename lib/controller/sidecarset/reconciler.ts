import type { Clock } from "../../api/clock.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { DecidedEvictions, Evictions } from "../eviction/sidecarset.ts";
import type { Revisions } from "./revisions.ts";
import type { ExplainedPlan, Rollouts } from "../rollout/engine.ts";
import type { Statuses } from "./statuses.ts";

const EVICTION_REQUEUE_MS = 50;

export interface ReconcilerOptions {
  readonly index: ClusterIndex;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly evictions: Evictions;
  readonly statuses: Statuses;
  readonly clock: Clock;
}

/** Moves one SidecarSet's revisions, Pods and status towards the desired state. Reads the index only; idempotent. */
export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Rejects with what the API server answers.
   *
   * @returns milliseconds after which to reconcile again although nothing may have changed
   */
  async reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { index, revisions, rollouts, evictions, statuses, clock } = this.#options;
    const found = index.sidecarSets.get(name);
    if (!found) {
      revisions.forget(name);
      statuses.forget(name);
      evictions.forget(name);
      return rollouts.release(name, signal);
    }
    const collisionCount = found.problems.length > 0
      ? found.sidecarSet.status?.collisionCount ?? 0
      : await revisions.register(found, signal);
    // Registering a revision gives it its name.
    const prepared = index.sidecarSets.get(name) ?? found;
    const plan = rollouts.advance(prepared, signal);
    const pending = rollouts.pendingOf(name);
    const decided = await evictions.decide({ prepared, plan, pending }, signal);
    const statusDue = await statuses.write({
      prepared,
      plan: withEvictions(plan, decided),
      collisionCount,
      evictions: decided.guards,
    }, signal);
    const hasEvicted = await evictions.perform(decided, signal);
    const now = clock.now().getTime();
    const due = [plan.waitUntil, decided.waitUntil]
      .flatMap((time) => time === undefined ? [] : Math.max(0, time - now))
      .concat(statusDue ?? [])
      // The stored guards decide when to try again.
      .concat(hasEvicted ? EVICTION_REQUEUE_MS : []);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}

/** Evictions under way count as a roll-out under way. */
function withEvictions(plan: ExplainedPlan, { guards, detail }: DecidedEvictions): ExplainedPlan {
  const details = [plan.detail, detail].filter((text) => text !== undefined);
  const isMoving = plan.reason === "NotUpgradable" && guards.some(({ leftAlone }) => !leftAlone);
  return {
    ...plan,
    ...(isMoving ? { reason: "RollingOut" } : {}),
    ...(details.length === 0 ? {} : { detail: details.join("; ") }),
  };
}

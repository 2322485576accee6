import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import type { DecidedEvictions, Evictions } from "./evictions.ts";
import type { Outcome } from "./queue.ts";
import type { Revisions } from "./revisions.ts";
import type { ExplainedPlan, Rollouts } from "./rollouts.ts";
import type { Statuses } from "./statuses.ts";
import { NotLeaderError } from "./writer.ts";

/** A state that another write has overtaken is decided anew after this many milliseconds: the watch brings the newer one. */
const CONFLICT_DELAY = 100;

export interface ReconcilerOptions {
  readonly index: ClusterIndex;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly evictions: Evictions;
  readonly statuses: Statuses;
  readonly clock: Clock;
  readonly logger: Logger;
  isLeader(): boolean;
  /** Told how each reconciliation ended, for metrics. */
  observe?(result: "success" | "requeue" | "error"): void;
}

/** Brings one SidecarSet's revisions, Pods and status nearer to what they should be; reads the index only, and may be called at any time. */
export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Begins anew with what is remembered of writes: another process may have led until now. */
  lead(): void {
    this.#options.statuses.forgetAll();
  }

  /** Never throws: what fails is tried again. */
  async reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    const { isLeader, logger, observe } = this.#options;
    if (!isLeader() || signal.aborted) return {};
    try {
      const requeueAfter = await this.#reconcile(name, signal);
      observe?.("success");
      return requeueAfter === undefined ? {} : { requeueAfter };
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return {};
      if (isConflict(error) || isNotFound(error)) {
        observe?.("requeue");
        return { requeueAfter: CONFLICT_DELAY };
      }
      observe?.("error");
      logger.warn("Cannot reconcile a SidecarSet; trying again", { sidecarSet: name, error });
      return { failed: true };
    }
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
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
    await evictions.perform(decided, signal);
    const now = clock.now().getTime();
    const due = [plan.waitUntil, decided.waitUntil]
      .flatMap((time) => time === undefined ? [] : Math.max(0, time - now))
      .concat(statusDue ?? []);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}

/** Pods that are about to be created anew are a roll-out under way, too. */
function withEvictions(plan: ExplainedPlan, { guards, detail }: DecidedEvictions): ExplainedPlan {
  const details = [plan.detail, detail].filter((text) => text !== undefined);
  const isMoving = plan.reason === "NotUpgradable" && guards.some(({ leftAlone }) => !leftAlone);
  return {
    ...plan,
    ...(isMoving ? { reason: "RollingOut" } : {}),
    ...(details.length === 0 ? {} : { detail: details.join("; ") }),
  };
}

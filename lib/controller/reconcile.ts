import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import type { Outcome } from "./queue.ts";
import type { Revisions } from "./revisions.ts";
import type { Rollouts } from "./rollouts.ts";
import type { Statuses } from "./statuses.ts";
import { NotLeaderError } from "./writer.ts";

/** A state that another write has overtaken is decided anew after this many milliseconds: the watch brings the newer one. */
const CONFLICT_DELAY = 100;

export interface ReconcilerOptions {
  readonly index: ClusterIndex;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
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
    const { index, revisions, rollouts, statuses, clock } = this.#options;
    const found = index.sidecarSets.get(name);
    if (!found) {
      revisions.forget(name);
      statuses.forget(name);
      return rollouts.release(name, signal);
    }
    const collisionCount = found.problems.length > 0
      ? found.sidecarSet.status?.collisionCount ?? 0
      : await revisions.register(found, signal);
    // Registering a revision gives it its name.
    const prepared = index.sidecarSets.get(name) ?? found;
    const plan = rollouts.advance(prepared, signal);
    const statusDue = await statuses.write({ prepared, plan, collisionCount }, signal);
    const planDue = plan.waitUntil === undefined
      ? undefined
      : Math.max(0, plan.waitUntil - clock.now().getTime());
    const due = [statusDue, planDue].filter((milliseconds) => milliseconds !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}

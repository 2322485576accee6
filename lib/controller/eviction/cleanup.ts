import type { CleanupProgress } from "../../api/cleanup_record.ts";
import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import type { CleanupPlan } from "../../core/cleanup/plan.ts";
import { surplusOf, type SurplusScope } from "../../core/cleanup/surplus.ts";
import type { StoredCleanupRecord } from "../../index/cleanup_records.ts";
import { podKey } from "../../index/pods.ts";
import type { CleanupRecords } from "../cleanup/records.ts";
import { referenceByName } from "../references.ts";
import { EvictionEngine, type EvictionEngineOptions } from "./engine.ts";

interface CleanupEvictionsOptions extends EvictionEngineOptions {
  readonly records: CleanupRecords;
}

/** What evictions for a clean-up depend on. */
interface CleanupEvictionInput {
  readonly scope: SurplusScope;
  readonly plan: CleanupPlan;
  readonly stored: StoredCleanupRecord;
}

/** What keeps Pods from being evicted, and when to decide again. */
export interface CleanupEvictionOutcome {
  readonly blocked: CleanupProgress["blocked"];
  /** Whether Pods stay only because this process has not compared the registration yet. */
  readonly isUndecided?: boolean;
  readonly waitUntil?: number;
}

const NO_GUARDS: readonly EvictionGuard[] = [];

/** Evicts Pods whose sidecars are no longer needed. The guards are kept in the clean-up's record. */
export class CleanupEvictions {
  readonly #options: CleanupEvictionsOptions;
  readonly #engine: EvictionEngine;

  constructor(options: CleanupEvictionsOptions) {
    this.#options = options;
    this.#engine = new EvictionEngine(options);
  }

  /** Forgets a SidecarSet of which nothing is left to be cleaned up. */
  forget(sidecarSet: string): void {
    this.#engine.forget(sidecarSet);
  }

  /** Rejects with what the API server answers where a Pod cannot be read or the record cannot be written. */
  async advance(input: CleanupEvictionInput, signal: AbortSignal): Promise<CleanupEvictionOutcome> {
    const { records, confirmation, obstacleOf, observedObstacleOf } = this.#options;
    const { plan, scope, stored } = input;
    const { sidecarSet, current } = scope;
    const known = stored.record.evictions ?? NO_GUARDS;
    if (plan.evictions.length === 0 && known.length === 0) return { blocked: {} };
    const { pods, guards, objection, isUndecided, waitUntil } = await this.#engine.decide({
      sidecarSet,
      current,
      candidates: plan.evictions.map(({ pod }) => pod),
      isUpToDate: (pod) => surplusOf(pod, scope) === undefined,
      // Where the SidecarSet still selects the Pod, its replacement has to get the sidecars that are left.
      obstacleOf: (pod) => current && scope.selects(pod) ? obstacleOf(pod, current) : undefined,
      observedObstacleOf: (pod) =>
        current && scope.selects(pod) ? observedObstacleOf(pod, current) : undefined,
      guards: known,
      unavailable: plan.unavailable,
      maxUnavailable: plan.limit,
      confirm: (evictions, until) => confirmation.surplus(evictions, scope, until),
    }, signal);
    if (guards !== known) await records.note(stored, guards, signal);
    const uid = current?.sidecarSet.metadata.uid ?? stored.record.uid;
    const report = {
      sidecarSet,
      regarding: referenceByName({ name: sidecarSet, uid }),
      cause: "its sidecars are no longer needed",
    };
    await Promise.all(pods.map((pod) => this.#engine.evict(pod, report, signal)));
    const held = plan.evictions.length - pods.length;
    const outcome = { isUndecided, ...(waitUntil === undefined ? {} : { waitUntil }) };
    if (objection === undefined || held === 0) return { blocked: {}, ...outcome };
    const { reason, pod, message } = objection;
    return { blocked: { [reason]: { pods: held, example: podKey(pod), message } }, ...outcome };
  }
}

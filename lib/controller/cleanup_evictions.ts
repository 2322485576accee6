import type { Clock } from "../api/clock.ts";
import type { CleanupProgress } from "../api/cleanup_record.ts";
import type { Logger } from "../api/logger.ts";
import type { Pod } from "../api/pod.ts";
import type { EvictionGuard } from "../api/sidecarset_status.ts";
import {
  type EvictionSnapshot,
  planEvictions,
  withEvictions,
} from "../core/cleanup/eviction_plan.ts";
import type { CleanupPlan } from "../core/cleanup/plan.ts";
import type { ReplacementObstacle } from "../core/cleanup/replacement.ts";
import { surplusOf, type SurplusScope } from "../core/cleanup/surplus.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { StoredCleanupRecord } from "../index/cleanup_records.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { podKey } from "../index/pods.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import type { Confirmation } from "./confirmation.ts";
import { EvictionFindings } from "./eviction_findings.ts";
import type { CleanupRecords } from "./cleanup_records.ts";
import { wishOf } from "./wish.ts";
import { NotLeaderError, type Writer } from "./writer.ts";

export interface CleanupEvictionsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly records: CleanupRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Kinds of controllers that create an evicted Pod anew. */
  readonly recreatingKinds: ReadonlySet<string>;
  /** Whether the webhook would answer for a new Pod of the SidecarSet. */
  isWebhookReady(prepared: PreparedSidecarSet): boolean;
  /** A dry run of the injection for a Pod's replacement. */
  obstacleOf(pod: Pod, prepared: PreparedSidecarSet): ReplacementObstacle | undefined;
  /** The whole Pod from the API server. May reject with what it answers. */
  readPod(pod: Pod, signal: AbortSignal): Promise<Pod>;
  readonly confirmation: Pick<Confirmation, "surplus">;
}

export interface CleanupEvictionInput {
  readonly scope: SurplusScope;
  readonly plan: CleanupPlan;
  readonly stored: StoredCleanupRecord;
}

/** What keeps Pods from being evicted, and when to look again. */
export interface CleanupEvictionOutcome {
  readonly blocked: CleanupProgress["blocked"];
  readonly waitUntil?: number;
}

const NO_GUARDS: readonly EvictionGuard[] = [];

/** Evicts Pods whose sidecars are no longer needed, by the eviction rule; what has to be remembered of that is kept in the clean-up's record. */
export class CleanupEvictions {
  readonly #options: CleanupEvictionsOptions;
  /** By SidecarSet. */
  readonly #findings = new Map<string, EvictionFindings>();

  constructor(options: CleanupEvictionsOptions) {
    this.#options = options;
  }

  /** Forgets a SidecarSet of which nothing is left to be cleaned up. */
  forget(sidecarSet: string): void {
    this.#findings.delete(sidecarSet);
  }

  /** Rejects with what the API server answers where a Pod cannot be read or the record cannot be written. */
  async advance(input: CleanupEvictionInput, signal: AbortSignal): Promise<CleanupEvictionOutcome> {
    const { records } = this.#options;
    const { plan, scope, stored } = input;
    const known = stored.record.evictions ?? NO_GUARDS;
    if (plan.evictions.length === 0 && known.length === 0) return { blocked: {} };
    const { clock } = this.#options;
    const findings = this.#findings.get(scope.sidecarSet) ?? new EvictionFindings(clock);
    this.#findings.set(scope.sidecarSet, findings);
    const snapshot = this.#snapshot(input, findings);
    findings.forgetOld();
    const decided = planEvictions(snapshot);
    const wish = wishOf(scope.current);
    for (const [pod, obstacle] of decided.obstacles) findings.record(pod, { wish, obstacle });
    const pods = await this.#asWanted(decided.evictions, { scope, findings }, signal);
    const guards = withEvictions(decided.guards, pods, snapshot);
    // A process that starts later must know of an eviction, so that it is noted before it is made.
    if (guards !== known) await records.note(stored, guards, signal);
    await Promise.all(pods.map((pod) => this.#evict(pod, scope.sidecarSet, signal)));
    const { objection, waitUntil } = decided;
    const held = plan.evictions.length - pods.length;
    return {
      blocked: objection === undefined || held === 0 ? {} : {
        [objection.reason]: {
          pods: held,
          example: podKey(objection.pod),
          message: objection.message,
        },
      },
      ...(waitUntil === undefined ? {} : { waitUntil }),
    };
  }

  #snapshot(
    { scope, plan, stored }: CleanupEvictionInput,
    findings: EvictionFindings,
  ): EvictionSnapshot {
    const { index, clock, recreatingKinds, isWebhookReady } = this.#options;
    const { current } = scope;
    const wish = wishOf(current);
    return {
      candidates: plan.evictions.map(({ pod }) => pod),
      isWanted: (pod) => surplusOf(pod, scope) === undefined,
      podsOf: (workload) =>
        [...index.workloads.podsOf(workload)].flatMap((key) => index.pods.get(key) ?? []),
      knownObstacleOf: (pod) => findings.of(pod, wish),
      obstacleOf: (pod) => this.#obstacleOf(pod, scope),
      guards: stored.record.evictions ?? NO_GUARDS,
      generation: current?.sidecarSet.metadata.generation ?? 0,
      recreatingKinds,
      // The replacement needs nothing of a SidecarSet that is gone.
      webhookReady: current === undefined || isWebhookReady(current),
      unavailable: plan.unavailable,
      maxUnavailable: plan.limit,
      now: clock.now(),
    };
  }

  /** Where the SidecarSet still selects the Pod, its replacement has to get the sidecars that are left. */
  #obstacleOf(pod: Pod, { current, selects }: SurplusScope): ReplacementObstacle | undefined {
    if (current === undefined || !selects(pod)) return undefined;
    return this.#options.obstacleOf(pod, current);
  }

  /** Those of which the replacement would be as wanted by all that the Pod is: the index has only what most decisions read. */
  async #asWanted(
    evictions: readonly Pod[],
    { scope, findings }: { scope: SurplusScope; findings: EvictionFindings },
    signal: AbortSignal,
  ): Promise<Pod[]> {
    const wish = wishOf(scope.current);
    const pods: Pod[] = [];
    for (const pod of await this.#options.confirmation.surplus(evictions, scope, signal)) {
      const whole = await this.#options.readPod(pod, signal).catch((error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (whole === undefined || whole.metadata.uid !== pod.metadata.uid) continue;
      const obstacle = this.#obstacleOf(whole, scope);
      if (obstacle === undefined) pods.push(pod);
      else findings.record(pod, { wish, obstacle });
    }
    return pods;
  }

  /** Never rejects: the guard decides when to try again. */
  async #evict(pod: Pod, sidecarSet: string, signal: AbortSignal): Promise<void> {
    const { writer, logger } = this.#options;
    const fields = { sidecarSet, pod: podKey(pod) };
    try {
      await writer.evictPod(pod, signal);
      logger.info("Evicted a Pod whose sidecars are no longer needed", fields);
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return;
      if (isNotFound(error) || isConflict(error)) return;
      logger.debug("Cannot evict a Pod whose sidecars are no longer needed", { ...fields, error });
    }
  }
}

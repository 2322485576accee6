import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { unavailableLimit } from "../../core/rollout/budget.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import { podKey } from "../../index/pods.ts";
import { sidecarSetReference } from "../references.ts";
import type { ExplainedPlan } from "../rollout/engine.ts";
import {
  EvictionEngine,
  type EvictionEngineOptions,
  type EvictionRequest,
  type PlannedEvictions,
} from "./engine.ts";

/** What evictions for a SidecarSet depend on. */
interface EvictionInput {
  readonly prepared: PreparedSidecarSet;
  readonly plan: ExplainedPlan;
  /** uids of Pods that may become unavailable by a write. */
  readonly pending: ReadonlySet<string>;
}

/** Evictions that are decided, but wait for their guards to be stored in the status. */
export interface DecidedEvictions
  extends Pick<PlannedEvictions, "pods" | "guards" | "isUndecided" | "waitUntil"> {
  readonly prepared: PreparedSidecarSet;
  /** Why one of the Pods that are to be evicted stays. */
  readonly detail?: string;
}

const NO_GUARDS: readonly EvictionGuard[] = [];

/**
 * Evicts Pods that only their replacements can bring up to date: outdated ones with `recreatePolicy: Evict`, missed
 * ones with `missedPodPolicy: Evict`. The guards are kept in the status.
 */
export class Evictions {
  readonly #options: EvictionEngineOptions;
  readonly #engine: EvictionEngine;

  constructor(options: EvictionEngineOptions) {
    this.#options = options;
    this.#engine = new EvictionEngine(options);
  }

  forget(name: string): void {
    this.#engine.forget(name);
  }

  /** Decides on evictions. Rejects with what the API server answers where a Pod cannot be read. */
  async decide(input: EvictionInput, signal: AbortSignal): Promise<DecidedEvictions> {
    const { prepared } = input;
    const stored = prepared.sidecarSet.status?.evictions ?? NO_GUARDS;
    if (!this.#hasCandidates(input) && stored.length === 0) {
      this.#engine.forget(prepared.name);
      return { prepared, pods: [], guards: NO_GUARDS, isUndecided: false };
    }
    const { objection, ...decided } = await this.#engine.decide(
      this.#request(input, stored),
      signal,
    );
    return {
      prepared,
      ...decided,
      ...(objection ? { detail: `Pod ${podKey(objection.pod)} stays: ${objection.message}` } : {}),
    };
  }

  /**
   * Makes the evictions whose guards are stored; the others are decided again.
   *
   * @returns whether an eviction was attempted
   */
  async perform(
    { prepared, pods, guards }: DecidedEvictions,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { index } = this.#options;
    const stored = index.sidecarSets.get(prepared.name)?.sidecarSet.status?.evictions ?? [];
    const report = {
      sidecarSet: prepared.name,
      regarding: sidecarSetReference(prepared),
      cause: "only its replacement can be up to date",
    };
    const guarded = pods.filter(({ metadata: { uid } }) => {
      const guard = guards.find(({ pod }) => pod === uid);
      return guard !== undefined &&
        stored.some(({ pod, attempts }) => pod === guard.pod && attempts === guard.attempts);
    });
    await Promise.all(guarded.map((pod) => this.#engine.evict(pod, report, signal)));
    return guarded.length > 0;
  }

  #hasCandidates({ prepared: { name, sidecarSet: { spec } }, plan }: EvictionInput): boolean {
    const { missedPods } = this.#options.index.pods.countsOf(name);
    return (spec.updateStrategy?.recreatePolicy === "Evict" && plan.notUpgradable.length > 0) ||
      (spec.missedPodPolicy === "Evict" && missedPods > 0);
  }

  *#candidates(
    { prepared: { name, sidecarSet: { spec } }, plan }: EvictionInput,
  ): Iterable<ObservedPod> {
    const { pods } = this.#options.index;
    if (spec.updateStrategy?.recreatePolicy === "Evict") {
      for (const { pod } of plan.notUpgradable) {
        const current = pods.get(podKey(pod));
        if (current) yield current;
      }
    }
    if (spec.missedPodPolicy === "Evict") yield* pods.missedOf(name);
  }

  #request(input: EvictionInput, guards: readonly EvictionGuard[]): EvictionRequest {
    const { prepared, plan, pending } = input;
    const { index, obstacleOf, observedObstacleOf } = this.#options;
    const { name, sidecarSet: { spec } } = prepared;
    const { matchedPods, readyPods, missedPods } = index.pods.countsOf(name);
    const classes = index.pods.classesOf(name);
    const evictedTraits =
      (spec.updateStrategy?.recreatePolicy === "Evict" ? PodTrait.NotUpgradable : 0) |
      (spec.missedPodPolicy === "Evict" ? PodTrait.Missed : 0);
    return {
      sidecarSet: name,
      current: prepared,
      candidates: this.#candidates(input),
      isUpToDate: (pod) => !hasTrait(classes.get(podKey(pod)) ?? 0, evictedTraits),
      obstacleOf: (pod) => obstacleOf(pod, prepared),
      observedObstacleOf: (pod) => observedObstacleOf(pod, prepared),
      guards,
      unavailable: matchedPods - readyPods + pending.size + plan.updates.length,
      maxUnavailable: unavailableLimit(
        spec.updateStrategy?.maxUnavailable,
        matchedPods + missedPods,
      ),
      confirm: (pods, signal) => this.#inCurrentNamespaces(pods, prepared, signal),
    };
  }

  /** Storing the guard proves that the SidecarSet is current; nothing proves it for namespaces. */
  #inCurrentNamespaces(
    pods: readonly ObservedPod[],
    { sidecarSet: { spec } }: PreparedSidecarSet,
    signal: AbortSignal,
  ): Promise<readonly ObservedPod[]> {
    if (spec.namespaceSelector === undefined) return Promise.resolve(pods);
    return this.#options.confirmation.inCurrentNamespaces(pods, signal);
  }
}

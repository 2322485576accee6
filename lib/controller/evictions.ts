import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { Pod } from "../api/pod.ts";
import type { EvictionGuard } from "../api/sidecarset_status.ts";
import {
  type EvictionPlan,
  type EvictionSnapshot,
  planEvictions,
  withEvictions,
} from "../core/cleanup/eviction_plan.ts";
import type { ReplacementObstacle } from "../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { unavailableLimit } from "../core/rollout/partition.ts";
import { hasTrait, PodTrait } from "../core/status/pod_class.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { podKey } from "../index/pods.ts";
import { isConflict, isNotFound, isTooManyRequests } from "../kube/errors.ts";
import type { Confirmation } from "./confirmation.ts";
import { EvictionFindings } from "./eviction_findings.ts";
import type { Events } from "./events.ts";
import { sidecarSetReference } from "./references.ts";
import type { ExplainedPlan } from "./rollouts.ts";
import { wishOf } from "./wish.ts";
import { NotLeaderError, type Writer } from "./writer.ts";

export interface EvictionsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<Events, "record">;
  /** Kinds of controllers that create an evicted Pod anew. */
  readonly recreatingKinds: ReadonlySet<string>;
  /** Whether the webhook would answer for a new Pod of the SidecarSet. */
  isWebhookReady(prepared: PreparedSidecarSet): boolean;
  /** A dry run of the injection for a Pod's replacement. */
  obstacleOf(pod: Pod, prepared: PreparedSidecarSet): ReplacementObstacle | undefined;
  /** The whole Pod from the API server; the index has only what most decisions read. */
  readPod(pod: Pod, signal: AbortSignal): Promise<Pod>;
  readonly confirmation: Pick<Confirmation, "inCurrentNamespaces">;
}

export interface EvictionInput {
  readonly prepared: PreparedSidecarSet;
  readonly plan: ExplainedPlan;
  /** uids of Pods that may become unavailable by a write. */
  readonly pending: ReadonlySet<string>;
}

/** Evictions that are decided, but wait for their guards to be stored. */
export interface DecidedEvictions {
  readonly prepared: PreparedSidecarSet;
  readonly pods: readonly Pod[];
  /** What the status has to remember. */
  readonly guards: readonly EvictionGuard[];
  /** Why the first Pod that is to be evicted stays. */
  readonly detail?: string;
  readonly waitUntil?: number;
}

const NO_GUARDS: readonly EvictionGuard[] = [];

/**
 * Evicts Pods that only their replacements can bring to what is wanted: outdated ones with `recreatePolicy: Evict`, missed ones with
 * `missedPodPolicy: Evict`. An eviction is first noted in the status, so that a process that starts later knows of it.
 */
export class Evictions {
  readonly #options: EvictionsOptions;
  /** By SidecarSet. */
  readonly #findings = new Map<string, EvictionFindings>();

  constructor(options: EvictionsOptions) {
    this.#options = options;
  }

  forget(name: string): void {
    this.#findings.delete(name);
  }

  /** Decides on evictions. Rejects with what the API server answers where a Pod cannot be read. */
  async decide(input: EvictionInput, signal: AbortSignal): Promise<DecidedEvictions> {
    const { clock } = this.#options;
    const { prepared } = input;
    const stored = prepared.sidecarSet.status?.evictions ?? NO_GUARDS;
    if (!this.#hasCandidates(input) && stored.length === 0) {
      this.#findings.delete(prepared.name);
      return { prepared, pods: [], guards: NO_GUARDS };
    }
    const findings = this.#findings.get(prepared.name) ?? new EvictionFindings(clock);
    this.#findings.set(prepared.name, findings);
    const snapshot = this.#snapshot(input, { stored, findings });
    findings.forgetOld();
    const plan = planEvictions(snapshot);
    const wish = wishOf(prepared);
    for (const [pod, obstacle] of plan.obstacles) findings.record(pod, { wish, obstacle });
    const pods = await this.#withWholePods(plan, { prepared, findings }, signal);
    const { objection } = plan;
    const known = findings.wait;
    const waitUntil = Math.min(
      plan.waitUntil ?? Infinity,
      known === undefined ? Infinity : snapshot.now.getTime() + known,
    );
    return {
      prepared,
      pods,
      guards: withEvictions(plan.guards, pods, snapshot),
      ...(objection ? { detail: `Pod ${podKey(objection.pod)} stays: ${objection.message}` } : {}),
      ...(waitUntil === Infinity ? {} : { waitUntil }),
    };
  }

  /** Makes the evictions of which the guards are stored; the others are decided anew. */
  async perform({ prepared, pods, guards }: DecidedEvictions, signal: AbortSignal): Promise<void> {
    const { index } = this.#options;
    const stored = index.sidecarSets.get(prepared.name)?.sidecarSet.status?.evictions ?? [];
    await Promise.all(pods.map(async (pod) => {
      const guard = guards.find((each) => each.pod === pod.metadata.uid);
      const isStored = stored.some((each) =>
        each.pod === guard?.pod && each.attempts === guard.attempts
      );
      if (isStored) await this.#evict(pod, prepared, signal);
    }));
  }

  #hasCandidates({ prepared: { name, sidecarSet: { spec } }, plan }: EvictionInput): boolean {
    const { missedPods } = this.#options.index.pods.countsOf(name);
    return (spec.updateStrategy?.recreatePolicy === "Evict" && plan.notUpgradable.length > 0) ||
      (spec.missedPodPolicy === "Evict" && missedPods > 0);
  }

  *#candidates({ prepared: { name, sidecarSet: { spec } }, plan }: EvictionInput): Iterable<Pod> {
    const { pods } = this.#options.index;
    if (spec.updateStrategy?.recreatePolicy === "Evict") {
      for (const { pod } of plan.notUpgradable) {
        const current = pods.get(podKey(pod));
        if (current) yield current;
      }
    }
    if (spec.missedPodPolicy === "Evict") yield* pods.missedOf(name);
  }

  #snapshot(
    input: EvictionInput,
    { stored, findings }: { stored: readonly EvictionGuard[]; findings: EvictionFindings },
  ): EvictionSnapshot {
    const { prepared, plan, pending } = input;
    const { index, clock, recreatingKinds, isWebhookReady, obstacleOf } = this.#options;
    const { name, sidecarSet: { metadata, spec } } = prepared;
    const { matchedPods, readyPods, missedPods } = index.pods.countsOf(name);
    const classes = index.pods.classesOf(name);
    const wish = wishOf(prepared);
    const unwanted =
      (spec.updateStrategy?.recreatePolicy === "Evict" ? PodTrait.NotUpgradable : 0) |
      (spec.missedPodPolicy === "Evict" ? PodTrait.Missed : 0);
    return {
      candidates: this.#candidates(input),
      knownObstacleOf: (pod) => findings.of(pod, wish),
      obstacleOf: (pod) => obstacleOf(pod, prepared),
      isWanted: (pod) => !hasTrait(classes.get(podKey(pod)) ?? 0, unwanted),
      podsOf: (workload) =>
        [...index.workloads.podsOf(workload)].flatMap((key) => index.pods.get(key) ?? []),
      guards: stored,
      generation: metadata.generation ?? 0,
      recreatingKinds,
      webhookReady: isWebhookReady(prepared),
      unavailable: matchedPods - readyPods + pending.size + plan.updates.length,
      maxUnavailable: unavailableLimit(
        spec.updateStrategy?.maxUnavailable,
        matchedPods + missedPods,
      ),
      now: clock.now(),
    };
  }

  /** Those of which the replacement would be as wanted by all that the Pod is, too. */
  async #withWholePods(
    { evictions }: EvictionPlan,
    { prepared, findings }: { prepared: PreparedSidecarSet; findings: EvictionFindings },
    signal: AbortSignal,
  ): Promise<Pod[]> {
    const { readPod, obstacleOf } = this.#options;
    const wish = wishOf(prepared);
    const pods: Pod[] = [];
    for (const pod of await this.#inCurrentNamespaces(evictions, prepared, signal)) {
      const whole = await readPod(pod, signal).catch((error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (whole === undefined || whole.metadata.uid !== pod.metadata.uid) continue;
      const obstacle = obstacleOf(whole, prepared);
      if (obstacle === undefined) pods.push(pod);
      else findings.record(pod, { wish, obstacle });
    }
    return pods;
  }

  /** That the SidecarSet is as it is known is seen when the guard is stored; of namespaces nothing would tell. */
  #inCurrentNamespaces(
    pods: readonly Pod[],
    { sidecarSet: { spec } }: PreparedSidecarSet,
    signal: AbortSignal,
  ): Promise<readonly Pod[]> {
    if (spec.namespaceSelector === undefined) return Promise.resolve(pods);
    return this.#options.confirmation.inCurrentNamespaces(pods, signal);
  }

  /** Never rejects: the guard decides when to try again. */
  async #evict(pod: Pod, prepared: PreparedSidecarSet, signal: AbortSignal): Promise<void> {
    const { writer, events, logger } = this.#options;
    const fields = { sidecarSet: prepared.name, pod: podKey(pod) };
    const occurred = { regarding: sidecarSetReference(prepared), action: "Evict" };
    try {
      await writer.evictPod(pod, signal);
      logger.info("Evicted a Pod so that it is recreated", fields);
      const note = `Pod ${fields.pod}: only a new Pod can be as wanted`;
      events.record({ ...occurred, type: "Normal", reason: "PodEvicted", note });
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return;
      if (isNotFound(error) || isConflict(error)) return;
      const message = error instanceof Error ? error.message : String(error);
      logger.debug("Cannot evict a Pod", { ...fields, error });
      const type = isTooManyRequests(error) ? "Normal" : "Warning";
      const note = `Pod ${fields.pod}: ${message}`;
      events.record({ ...occurred, type, reason: "EvictionRefused", note });
    }
  }
}

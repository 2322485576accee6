import type { Pod } from "../../api/pod.ts";
import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { ObjectReference } from "../../api/objects.ts";
import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import { compareByName, type ObservedPod } from "../../core/observed_pod.ts";
import {
  type EvictionPlan,
  type EvictionSnapshot,
  planEvictions,
  withEvictions,
} from "../../core/cleanup/eviction_plan.ts";
import type { Obstacle } from "../../core/reasons.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import {
  isConflict,
  isNotFound,
  isServerFault,
  isTooManyRequests,
  orUndefined,
} from "../../kube/errors.ts";
import { Failures } from "../backoff.ts";
import type { Confirmation } from "../confirmation.ts";
import type { Events } from "../events.ts";
import { specKeyOf } from "../references.ts";
import { NotLeaderError } from "../leadership.ts";
import { atOnce, type RunSteps } from "../steps.ts";
import type { Writer } from "../writer.ts";
import { EvictionFindings } from "./findings.ts";

/** What evictions read and write, and the facts that allow them. */
export interface EvictionEngineOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<Events, "record">;
  /** Kinds of controllers that recreate an evicted Pod. */
  readonly recreatingKinds: ReadonlySet<string>;
  /**
   * Whether the webhook would answer for a new Pod of the SidecarSet; undefined before this process has compared the
   * registration.
   */
  isWebhookReady(prepared: PreparedSidecarSet): boolean | undefined;
  /** The dry run of the injection for a Pod's replacement. */
  obstacleOf(pod: Pod, prepared: PreparedSidecarSet): Obstacle | undefined;
  /** What the dry run finds without the whole Pod. */
  observedObstacleOf(
    pod: ObservedPod,
    prepared: PreparedSidecarSet,
  ): Obstacle | undefined;
  /** The whole Pod from the API server; the index has a projection. May reject with what it answers. */
  readPod(pod: ObservedPod, signal: AbortSignal): Promise<Pod>;
  readonly confirmation: Confirmation;
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
}

/** The Pods that one policy of a SidecarSet wants evicted, and what that depends on. */
export interface EvictionRequest extends
  Pick<
    EvictionSnapshot,
    "candidates" | "isUpToDate" | "observedObstacleOf" | "guards" | "unavailable" | "maxUnavailable"
  > {
  readonly sidecarSet: string;
  /** Undefined where the SidecarSet is deleted: the replacement needs nothing of it. */
  readonly current: PreparedSidecarSet | undefined;
  /** Decides before the eviction. */
  obstacleOf(pod: Pod): Obstacle | undefined;
  /** Asks the API server which of the Pods are still to be evicted. Rejects with what it answers. */
  confirm(pods: readonly ObservedPod[], signal: AbortSignal): Promise<readonly ObservedPod[]>;
}

/** Evictions that are planned, and wait for their guards to be stored. */
export interface PlannedEvictions {
  readonly pods: readonly ObservedPod[];
  /** What has to be stored before the first of them; the same reference where nothing has changed. */
  readonly guards: readonly EvictionGuard[];
  /** Why one of the Pods that are not evicted stays. */
  readonly objection?: NonNullable<EvictionPlan["objection"]>;
  /** Whether they stay only because this process has not compared the registration yet. */
  readonly isUndecided: boolean;
  /** Milliseconds; when to decide again although nothing has changed. */
  readonly waitUntil?: number;
}

/** What log and events say of an eviction. */
interface EvictionReport {
  readonly sidecarSet: string;
  readonly regarding: ObjectReference;
  /** Why the Pod is evicted, for the event. */
  readonly cause: string;
}

/**
 * Evicts Pods by the eviction rule, for every policy that asks for it. A guard is stored before the eviction that it
 * stands for, so that a process that starts later knows of it.
 */
export class EvictionEngine {
  readonly #options: EvictionEngineOptions;
  /** By SidecarSet. */
  readonly #findings = new Map<string, EvictionFindings>();

  /** Evictions that faults of the API server have prevented, by SidecarSet. */
  readonly #faults = new Map<string, Failures>();

  constructor(options: EvictionEngineOptions) {
    this.#options = options;
  }

  /** Forgets what is known of Pods of a SidecarSet that has none to be evicted. */
  forget(sidecarSet: string): void {
    this.#findings.delete(sidecarSet);
    this.#faults.delete(sidecarSet);
  }

  /** Decides on evictions. Rejects with what the API server answers where it cannot be asked. */
  async decide(request: EvictionRequest, signal: AbortSignal): Promise<PlannedEvictions> {
    const { runSteps = atOnce } = this.#options;
    const { sidecarSet, current } = request;
    const findings = this.#findings.get(sidecarSet) ?? new EvictionFindings(this.#options.clock);
    this.#findings.set(sidecarSet, findings);
    findings.forgetOld();
    this.#faults.get(sidecarSet)?.keepOnly(new Set(request.guards.map(({ pod }) => pod)));
    const snapshot = this.#snapshot(request, findings);
    const plan = await runSteps(planEvictions(snapshot));
    const specKey = specKeyOf(current);
    for (const [pod, obstacle] of plan.obstacles) findings.record(pod, { specKey, obstacle });
    const { pods, objections } = await this.#confirmed(plan, { request, findings }, signal);
    const [objection] = [...objections, ...(plan.objection ? [plan.objection] : [])]
      .sort((a, b) => compareByName(a.pod, b.pod));
    const known = findings.wait;
    const waitUntil = Math.min(
      plan.waitUntil ?? Infinity,
      known === undefined ? Infinity : snapshot.now.getTime() + known,
    );
    return {
      pods,
      guards: await runSteps(withEvictions(plan.guards, pods, snapshot)),
      ...(objection === undefined ? {} : { objection }),
      isUndecided: objection?.reason === "WebhookNotReady" && current !== undefined &&
        this.#options.isWebhookReady(current) === undefined,
      ...(waitUntil === Infinity ? {} : { waitUntil }),
    };
  }

  /** Evicts a Pod whose guard is stored. Never rejects: the guard decides when to try again. */
  async evict(pod: ObservedPod, report: EvictionReport, signal: AbortSignal): Promise<void> {
    const { writer, events, logger } = this.#options;
    const { sidecarSet, regarding, cause } = report;
    const fields = { sidecarSet, pod: podKey(pod) };
    const occurred = { regarding, action: "Evict" };
    try {
      await writer.evictPod(pod, signal);
      this.#noteOutcome(pod, { sidecarSet });
      logger.info("Evicted a Pod so that its workload recreates it", { ...fields, cause });
      const note = `Pod ${fields.pod}: ${cause}`;
      events.record({ ...occurred, type: "Normal", reason: "PodEvicted", note });
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return;
      if (isNotFound(error) || isConflict(error)) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#noteOutcome(pod, { sidecarSet, error });
      logger.debug("Cannot evict a Pod", { ...fields, error });
      if (isServerFault(error)) return;
      const type = isTooManyRequests(error) ? "Normal" : "Warning";
      const note = `Pod ${fields.pod}: ${message}`;
      events.record({ ...occurred, type, reason: "EvictionRefused", note });
    }
  }

  /** A fault of the API server says nothing about the Pod: the eviction is repeated soon as the same attempt. */
  #noteOutcome(
    { metadata: { uid = "" } }: ObservedPod,
    { sidecarSet, error }: { sidecarSet: string; error?: unknown },
  ): void {
    const faults = this.#faults.get(sidecarSet) ?? new Failures(this.#options);
    this.#faults.set(sidecarSet, faults);
    if (isServerFault(error)) faults.record(uid, { error, message: "" });
    else faults.forget(uid);
  }

  #snapshot(request: EvictionRequest, findings: EvictionFindings): EvictionSnapshot {
    const { index, clock, recreatingKinds, isWebhookReady } = this.#options;
    const { current, candidates, isUpToDate, observedObstacleOf, guards } = request;
    const specKey = specKeyOf(current);
    return {
      faultRetryAt: this.#faults.get(request.sidecarSet)?.retryTimes() ?? new Map(),
      candidates,
      isUpToDate,
      observedObstacleOf,
      guards,
      knownObstacleOf: (pod) => findings.of(pod, specKey),
      podsOf: (workload) => index.pods.each(index.workloads.of(workload)),
      generation: current?.sidecarSet.metadata.generation ?? 0,
      recreatingKinds,
      webhookReady: current === undefined || isWebhookReady(current) === true,
      unavailable: request.unavailable,
      maxUnavailable: request.maxUnavailable,
      now: clock.now(),
    };
  }

  /**
   * Those that the API server confirms, and whose replacement would be up to date by all that the Pod is; and why
   * others stay after all.
   */
  async #confirmed(
    { evictions }: EvictionPlan,
    { request, findings }: { request: EvictionRequest; findings: EvictionFindings },
    signal: AbortSignal,
  ): Promise<{ pods: ObservedPod[]; objections: NonNullable<EvictionPlan["objection"]>[] }> {
    const { readPod } = this.#options;
    const specKey = specKeyOf(request.current);
    const pods: ObservedPod[] = [];
    const objections: NonNullable<EvictionPlan["objection"]>[] = [];
    for (const pod of await request.confirm(evictions, signal)) {
      const whole = await orUndefined(readPod(pod, signal));
      if (whole === undefined || whole.metadata.uid !== pod.metadata.uid) continue;
      const obstacle = request.obstacleOf(whole);
      if (obstacle === undefined) {
        pods.push(pod);
        continue;
      }
      findings.record(pod, { specKey, obstacle });
      objections.push({ pod, ...obstacle });
    }
    return { pods, objections };
  }
}

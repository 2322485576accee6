import type { Pod } from "../../api/pod.ts";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../api/clock.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import type { Change, SidecarSetChange } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { RestClient } from "../../kube/contract.ts";
import { get } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { EvictionEngineOptions } from "../eviction/engine.ts";
import { type DecidedEvictions, Evictions } from "../eviction/sidecarset.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { type ExplainedPlan, Rollouts } from "../rollout/engine.ts";
import { ResizeSupport } from "../rollout/resize_support.ts";
import { Backlog } from "./backlog.ts";
import { Revisions, type RevisionsOptions } from "./revisions.ts";
import { Statuses, type StatusesOptions } from "./statuses.ts";

/** Collects changes that come together. */
const BATCH_DELAY_MS = 50;
const CONCURRENCY = 4;
/** The stored guards decide when to evict again. */
const EVICTION_REQUEUE_MS = 50;

interface SidecarSetControllerOptions
  extends
    LoopEnvironment,
    Omit<EvictionEngineOptions, "clock" | "logger">,
    Pick<RevisionsOptions, "namespace" | "retainedRevisions">,
    Pick<
      StatusesOptions,
      "registrationOf" | "missedOf" | "refusedOf" | "arePodsExamined" | "onStored" | "onRepair"
    > {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  /** The whole Pod from the API server. Rejects with what it answers. */
  readPod(pod: ObservedPod, signal: AbortSignal): Promise<Pod>;
}

/** Reconciles SidecarSets: their revisions, roll-outs, evictions and statuses. */
export class SidecarSetController {
  readonly loop: Loop;
  readonly rollouts: Rollouts;
  readonly #index: ClusterIndex;
  readonly #statuses: Statuses;
  readonly #revisions: Revisions;
  readonly #evictions: Evictions;
  readonly #resizeSupport: ResizeSupport;
  readonly #backlog: Backlog;
  readonly #clock: Clock;

  constructor(options: SidecarSetControllerOptions) {
    const { client, index } = options;
    this.#index = index;
    this.#clock = options.clock;
    this.loop = new Loop(options, {
      controller: "sidecarset",
      concurrency: CONCURRENCY,
      task: "reconcile a SidecarSet",
      keyField: "sidecarSet",
      heldBack: () => this.#backlog.size,
      reconcile: (name, signal) => this.#reconcileInTurn(name, signal),
    });
    this.#backlog = new Backlog({
      clock: options.clock,
      release: (name) => this.loop.add(name),
    });
    this.rollouts = new Rollouts({
      ...options,
      start: (write) => this.loop.start(write),
      onProgress: (name) => this.#add(name),
    });
    this.#statuses = new Statuses({
      ...options,
      readSidecarSet: (name, signal) => send(client, get(resources.sidecarSets, { name }), signal),
    });
    this.#revisions = new Revisions(options);
    this.#evictions = new Evictions(options);
    this.#resizeSupport = new ResizeSupport(options);
  }

  /** Number of Pods that roll-outs are writing to. */
  get podWritesInFlight(): number {
    return this.loop.inFlight;
  }

  /**
   * Maps a change to the SidecarSets that it concerns. What this process wrote itself concerns none: the reconciliation
   * that wrote it goes on with it.
   */
  observe(change: Change): void {
    if (change.kind === "revision" && this.#revisions.isApplying) return;
    // The end of a classification comes once for all changes before it.
    const delayMs = change.kind === "classification" ? 0 : BATCH_DELAY_MS;
    for (const name of change.sidecarSets) this.loop.add(name, delayMs);
    if (change.kind !== "sidecarset") return;
    if (isNew(change)) this.#backlog.arrived();
    if (change.after?.sidecarSet.status !== undefined) this.#backlog.forget(change.name);
    if (hasNewSpec(change)) this.loop.add(change.name);
    else if (!this.#isOwnStatus(change)) this.#add(change.name);
  }

  /**
   * Moves one SidecarSet's revisions, Pods and status towards the desired state. Reads the index only; idempotent.
   * Rejects with what the API server answers.
   *
   * @returns milliseconds after which to reconcile again although nothing may have changed
   */
  async reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { rollouts } = this;
    const index = this.#index;
    const found = index.sidecarSets.get(name);
    if (!found) {
      this.#revisions.forget(name);
      this.#statuses.forget(name);
      this.#evictions.forget(name);
      return rollouts.release(name, signal);
    }
    const { collisionCount: knownCollisions = 0 } = found.sidecarSet.status ?? {};
    const collisionCount = found.problems.length > 0
      ? knownCollisions
      : await this.#revisions.register(found, signal);
    const supportDue = await this.#resizeSupport.check(found, signal);
    // Both change what is known of the SidecarSet.
    const prepared = index.sidecarSets.get(name) ?? found;
    const { reclassification } = index.pods;
    // Until its Pods are classified by the current state: then the index publishes a change that requeues it.
    if (reclassification.defers(name)) return undefined;
    const plan = await rollouts.advance(prepared, signal);
    if (plan === undefined) return BATCH_DELAY_MS;
    const pending = rollouts.pendingOf(name);
    const decided = await this.#evictions.decide({ prepared, plan, pending }, signal);
    if (reclassification.defers(name)) return undefined;
    const statusDue = await this.#statuses.write({
      prepared,
      plan: withEvictions(plan, decided),
      collisionCount,
      evictions: decided.guards,
      areEvictionsUndecided: decided.isUndecided,
    }, signal);
    const hasEvicted = await this.#evictions.perform(decided, signal);
    const now = this.#clock.now().getTime();
    const due = [plan.waitUntil, decided.waitUntil]
      .flatMap((time) => time === undefined ? [] : Math.max(0, time - now))
      .concat(statusDue ?? [])
      .concat(supportDue ?? [])
      .concat(collisionCount > knownCollisions ? Math.max(statusDue ?? 0, BATCH_DELAY_MS) : [])
      .concat(hasEvicted ? EVICTION_REQUEUE_MS : []);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Leaves SidecarSets to the backlog that no one waits for. */
  async #reconcileInTurn(name: string, signal: AbortSignal): Promise<number | undefined> {
    if (this.#mayWait(name) && !this.#backlog.admits(name)) return undefined;
    try {
      return await this.reconcile(name, signal);
    } finally {
      if (this.#mayWait(name)) this.#backlog.pass(name);
      else this.#backlog.forget(name);
    }
  }

  #mayWait(name: string): boolean {
    const { sidecarSets, pods } = this.#index;
    const prepared = sidecarSets.get(name);
    return prepared !== undefined && !isAwaited(prepared) && pods.classesOf(name).size === 0;
  }

  /** Requeues every SidecarSet, and forgets earlier writes: another process may have led since. */
  resync(): void {
    this.#statuses.forgetAll();
    this.#backlog.clear();
    this.requeueAll();
  }

  /** Requeues every SidecarSet, and deleted ones that Pods still report on. */
  requeueAll(): void {
    for (const { name } of this.#index.sidecarSets.values()) this.#add(name);
    for (const name of this.#index.denials.values()) this.#add(name);
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.loop.run(signal);
  }

  #add(name: string): void {
    this.loop.add(name, BATCH_DELAY_MS);
  }

  #isOwnStatus({ name, before, after }: SidecarSetChange): boolean {
    if (before === undefined || after === undefined) return false;
    const { resourceVersion: _, ...metadata } = before.sidecarSet.metadata;
    const { resourceVersion: __, ...metadataAfter } = after.sidecarSet.metadata;
    // The generation stands for the spec.
    return isDeepStrictEqual(metadata, metadataAfter) &&
      this.#statuses.hasWritten(name, after.sidecarSet.status);
  }
}

/**
 * Whether others wait for the revision of a SidecarSet: the admission policy contains it, and users name custom
 * versions. One with a status has had its first revision.
 */
function isAwaited(prepared: PreparedSidecarSet): boolean {
  const { metadata, spec, status } = prepared.sidecarSet;
  return status !== undefined || usesPolicy(prepared) ||
    spec.injectionStrategy?.revision !== undefined ||
    metadata.labels?.[CUSTOM_VERSION_LABEL] !== undefined;
}

/** Created, not only read again. */
function isNew({ before, after }: SidecarSetChange): boolean {
  return before === undefined && after?.sidecarSet.status === undefined;
}

/** Whether a user changed the spec: one change, whose roll-out begins at once. */
function hasNewSpec({ before, after }: SidecarSetChange): boolean {
  return before !== undefined && after !== undefined &&
    before.sidecarSet.metadata.generation !== after.sidecarSet.metadata.generation;
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

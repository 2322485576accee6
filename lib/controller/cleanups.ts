import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../api/clock.ts";
import type { CleanupProgress } from "../api/cleanup_record.ts";
import type { Logger } from "../api/logger.ts";
import type { Pod } from "../api/pod.ts";
import { IDLE_ANNOTATION } from "../core/cleanup/idle.ts";
import {
  type CleanupAction,
  type CleanupPlan,
  type CleanupWrite,
  planCleanup,
} from "../core/cleanup/plan.ts";
import { actionOf } from "../core/cleanup/record.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { selectsPod } from "../core/select/pod_selection.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { StoredCleanupRecord } from "../index/cleanup_records.ts";
import { podKey } from "../index/pods.ts";
import { trimPod } from "../index/trim.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import { Failures } from "./backoff.ts";
import type { CleanupEvictionOutcome, CleanupEvictions } from "./cleanup_evictions.ts";
import type { CleanupRecords } from "./cleanup_records.ts";
import { type Outcome, WorkQueue } from "./queue.ts";
import { NotLeaderError, type Writer } from "./writer.ts";

/** In milliseconds: changes that arrive together are looked at together; progress is looked at again. */
const GATHER = 200;
const LOOK_AGAIN = 2_000;
const CONFLICT_DELAY = 100;

export interface CleanupsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly records: CleanupRecords;
  readonly evictions: CleanupEvictions;
  readonly clock: Clock;
  readonly logger: Logger;
  isLeader(): boolean;
  isSynced(): boolean;
  /** Whether the API server itself knows no SidecarSet of the name: a watch may be behind that of Pods. */
  isGone(sidecarSet: string, signal: AbortSignal): Promise<boolean>;
  /** Takes over a Pod as the API server stored it, ahead of the watch. */
  onStored(pod: Pod): void;
  /** Told when a clean-up has come further, or something else is in its way; `uid` is that of the SidecarSet, which may be gone. */
  onProgress?(
    sidecarSet: { readonly name: string; readonly uid: string },
    progress: { readonly before: CleanupProgress; readonly after: CleanupProgress },
  ): void;
}

/** One clean-up as far as this process has carried it. */
interface Cleanup {
  /** uids of Pods whose write is under way. */
  readonly pending: Set<string>;
  readonly failures: Failures;
  progress: CleanupProgress;
}

/** Cleans up sidecars that are no longer needed, by the SidecarSet's policy; keyed by the name that Pods carry. */
export class Cleanups {
  readonly #options: CleanupsOptions;
  readonly #queue: WorkQueue;
  readonly #cleanups = new Map<string, Cleanup>();

  constructor(options: CleanupsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#queue = new WorkQueue({ clock, concurrency: 2, baseDelay: 500, maxDelay: 60_000 });
  }

  /** By SidecarSet, how far the clean-ups under way have come. */
  progress(): ReadonlyMap<string, CleanupProgress> {
    return new Map([...this.#cleanups].map(([name, { progress }]) => [name, progress]));
  }

  /** Takes note of a Pod that changed. */
  observePod(key: string): void {
    const { index } = this.#options;
    const pod = index.pods.get(key);
    if (!pod) return;
    const isIdle = IDLE_ANNOTATION in (pod.metadata.annotations ?? {});
    for (const name of index.injected.namesOf(key)) {
      if (isIdle || this.#concerns(name)) this.#queue.add(name, GATHER);
    }
  }

  /** Takes note of SidecarSets that changed, were deleted, or have Pods that changed. */
  observe(names: Iterable<string>): void {
    for (const name of names) if (this.#concerns(name)) this.#queue.add(name, GATHER);
  }

  /** Looks at everything: another process has looked after it until now. */
  observeAll(): void {
    const { index } = this.#options;
    const named = [...index.sidecarSets.values()].map(({ name }) => name);
    this.observe([...named, ...index.injected.names(), ...index.cleanupRecords.sidecarSets()]);
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.run((name) => this.#work(name, signal), signal);
  }

  /** With the policy Retain there is nothing to do as long as the SidecarSet exists. */
  #concerns(name: string): boolean {
    const { index } = this.#options;
    const current = index.sidecarSets.get(name);
    return current === undefined ||
      actionOf(current.sidecarSet.spec.cleanupPolicy).type !== "Retain" ||
      index.cleanupRecords.of(name).length > 0;
  }

  /** Never throws: what fails is tried again. */
  async #work(name: string, signal: AbortSignal): Promise<Outcome> {
    const { isLeader, isSynced, logger } = this.#options;
    if (!isLeader() || signal.aborted) return {};
    if (!isSynced()) return { requeueAfter: GATHER };
    try {
      const requeueAfter = await this.#reconcile(name, signal);
      return requeueAfter === undefined ? {} : { requeueAfter };
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return {};
      if (isConflict(error)) return { requeueAfter: CONFLICT_DELAY };
      logger.warn("Cannot clean up sidecars; trying again", { sidecarSet: name, error });
      return { failed: true };
    }
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { index, records, isGone } = this.#options;
    const found = index.sidecarSets.get(name);
    if (found !== undefined) {
      if (found.problems.length > 0) return undefined;
      const stored = await records.keep(found, signal);
      const current = index.sidecarSets.get(name);
      if (current === undefined) return 0;
      const action = actionOf(current.sidecarSet.spec.cleanupPolicy);
      return await this.#advance(name, { current, action, stored }, signal);
    }
    const stored = await records.latest(name, signal);
    if (stored === undefined && index.injected.of(name).size === 0) {
      this.#cleanups.delete(name);
      return undefined;
    }
    if (!await isGone(name, signal)) return LOOK_AGAIN;
    // It may have been created while the API server was asked; then its own event brings the name here again.
    if (index.sidecarSets.get(name) !== undefined) return 0;
    const action: CleanupAction = stored?.record.policy ?? { type: "Retain" };
    return await this.#advance(name, { current: undefined, action, stored }, signal);
  }

  async #advance(
    name: string,
    { current, action, stored }: {
      current: PreparedSidecarSet | undefined;
      action: CleanupAction;
      stored: StoredCleanupRecord | undefined;
    },
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { index, clock, records, evictions } = this.#options;
    const cleanup = this.#cleanup(name);
    const scope = {
      sidecarSet: name,
      current,
      selects: (pod: Pod) => current !== undefined && this.#selects(current, pod),
      knownSidecars: stored?.record.sidecars ?? [],
    };
    const pods = [...this.#podsOf(name)];
    cleanup.failures.keepOnly(new Set(pods.map(({ metadata }) => metadata.uid ?? "")));
    const plan = planCleanup({
      scope,
      action,
      maxUnavailable: current?.sidecarSet.spec.updateStrategy?.maxUnavailable ??
        stored?.record.maxUnavailable,
      pods,
      pending: cleanup.pending,
      retryAt: cleanup.failures.retryTimes(),
      now: clock.now(),
    });
    for (const write of plan.writes) this.#start(name, { write, current, signal });
    const evicted: CleanupEvictionOutcome = stored
      ? await evictions.advance({ scope, plan, stored }, signal)
      : { blocked: {} };
    const { blocked, remaining } = progressOf(plan, cleanup.failures);
    const before = cleanup.progress;
    const after = { remaining, blocked: { ...blocked, ...evicted.blocked } };
    cleanup.progress = after;
    if (!isDeepStrictEqual(before, after)) {
      const uid = current?.sidecarSet.metadata.uid ?? stored?.record.uid ?? "";
      this.#options.onProgress?.({ name, uid }, { before, after });
    }
    if (plan.remaining === 0) {
      this.#cleanups.delete(name);
      if (current === undefined && stored) await records.finish(stored, signal);
      return undefined;
    }
    // The record may have been written since.
    const latest = stored && index.cleanupRecords.get(stored);
    if (latest) await records.report(latest, after, signal);
    const dueAt = Math.min(plan.waitUntil ?? Infinity, evicted.waitUntil ?? Infinity);
    return Math.min(LOOK_AGAIN, Math.max(GATHER, dueAt - clock.now().getTime()));
  }

  #cleanup(name: string): Cleanup {
    const known = this.#cleanups.get(name);
    if (known) return known;
    const cleanup = {
      pending: new Set<string>(),
      failures: new Failures(this.#options.clock),
      progress: { remaining: 0, blocked: {} },
    };
    this.#cleanups.set(name, cleanup);
    return cleanup;
  }

  #selects({ sidecarSet }: PreparedSidecarSet, { metadata }: Pod): boolean {
    const namespace = this.#options.index.namespace(metadata.namespace ?? "");
    return selectsPod(sidecarSet.spec, { labels: metadata.labels ?? {}, namespace });
  }

  *#podsOf(name: string): Iterable<Pod> {
    const { index } = this.#options;
    for (const key of index.injected.of(name)) {
      const pod = index.pods.get(key);
      if (pod) yield pod;
    }
  }

  #start(
    name: string,
    work: { write: CleanupWrite; current: PreparedSidecarSet | undefined; signal: AbortSignal },
  ): void {
    const { pending } = this.#cleanup(name);
    const { uid = "" } = work.write.pod.metadata;
    pending.add(uid);
    this.#write(name, work).finally(() => {
      pending.delete(uid);
      this.#queue.add(name, GATHER);
    });
  }

  /** Never rejects. */
  async #write(
    name: string,
    { write, current, signal }: {
      write: CleanupWrite;
      current: PreparedSidecarSet | undefined;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const { writer, index, onStored, logger } = this.#options;
    const { pod, patch, kind } = write;
    const { failures } = this.#cleanup(name);
    const { uid = "" } = pod.metadata;
    const wanted = () => isSame(index.sidecarSets.get(name), current);
    try {
      const stored = await writer.patchPod(pod, patch, { signal, wanted });
      if (!stored) return;
      failures.forget(uid);
      onStored(trimPod(stored));
      logger.debug("Cleaned up a Pod", { sidecarSet: name, pod: podKey(pod), kind });
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError || isNotFound(error)) return;
      const message = error instanceof Error ? error.message : String(error);
      failures.record(uid, { error, message: `Pod ${podKey(pod)}: ${message}` });
      logger.debug("Cannot clean up a Pod", { sidecarSet: name, pod: podKey(pod), error });
    }
  }
}

function progressOf(plan: CleanupPlan, failures: Failures): CleanupProgress {
  const blocked: Record<string, CleanupProgress["blocked"][string]> = {};
  if (plan.heldBack > 0) {
    const message = `${plan.unavailable} Pods are unavailable, ${plan.limit} may be`;
    blocked.BudgetUsed = { pods: plan.heldBack, example: "", message };
  }
  const failed = failures.retryTimes().size;
  if (failed > 0) {
    blocked.UpdateRefused = { pods: failed, example: "", message: failures.example ?? "" };
  }
  return { remaining: plan.remaining, blocked };
}

function isSame(a: PreparedSidecarSet | undefined, b: PreparedSidecarSet | undefined): boolean {
  return a?.sidecarSet.metadata.uid === b?.sidecarSet.metadata.uid &&
    a?.sidecarSet.metadata.generation === b?.sidecarSet.metadata.generation;
}

import { isDeepStrictEqual } from "node:util";
import { type CleanupProgress, NO_PROGRESS, progressIn } from "../../api/cleanup_record.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import { type CleanupAction, type CleanupPlan, planCleanup } from "../../core/cleanup/plan.ts";
import { actionOf, cleanupEvents } from "../../core/cleanup/record.ts";
import type { SurplusScope } from "../../core/cleanup/surplus.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Steps } from "../../core/steps.ts";
import type { StoredCleanupRecord, UnreadableCleanupRecord } from "../../index/cleanup_records.ts";
import type { Change } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { Cleanup, CleanupWrites, type CleanupWritesOptions } from "./writes.ts";
import { CleanupCandidates } from "./candidates.ts";
import type { CleanupEvictionOutcome, CleanupEvictions } from "../eviction/cleanup.ts";
import type { CleanupRecords } from "./records.ts";
import type { Confirmation } from "../confirmation.ts";
import type { Events } from "../events.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { referenceByName, specKeyOf } from "../references.ts";
import { atOnce, type RunSteps } from "../steps.ts";

const BATCH_DELAY_MS = 200;
const RESYNC_INTERVAL_MS = 2_000;
const UNREADABLE_RESYNC_INTERVAL_MS = 30_000;

interface CleanupControllerOptions extends CleanupWritesOptions, LoopEnvironment {
  readonly index: ClusterIndex;
  readonly records: CleanupRecords;
  readonly evictions: CleanupEvictions;
  readonly confirmation: Pick<Confirmation, "isCurrent" | "surplus">;
  readonly events: Pick<Events, "record">;
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
}

/** What happens to a SidecarSet's surplus sidecars. */
interface Task {
  readonly name: string;
  /** Undefined if the SidecarSet is deleted. */
  readonly current: PreparedSidecarSet | undefined;
  readonly action: CleanupAction;
  readonly stored: StoredCleanupRecord | undefined;
}

/** Cleans up sidecars that are no longer needed, by the SidecarSet's policy; keyed by the name that Pods carry. */
export class CleanupController {
  readonly #options: CleanupControllerOptions;
  readonly #loop: Loop;
  readonly #candidates: CleanupCandidates;
  readonly #writes: CleanupWrites;
  readonly #cleanups = new Map<string, Cleanup>();

  constructor(options: CleanupControllerOptions) {
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "cleanup",
      concurrency: 2,
      baseDelayMs: 500,
      task: "clean up sidecars",
      keyField: "sidecarSet",
      reconcile: (name, signal) => this.#reconcile(name, signal),
    });
    this.#candidates = new CleanupCandidates(options.index);
    this.#writes = new CleanupWrites(options);
  }

  /** By SidecarSet, how far the clean-ups under way have come; empty on a follower, whose last state is out of date. */
  progress(): ReadonlyMap<string, CleanupProgress> {
    if (!this.#options.isLeader()) return new Map();
    return new Map(
      [...this.#cleanups].flatMap(([name, { progress }]) => progress ? [[name, progress]] : []),
    );
  }

  /** Maps a change to the SidecarSets whose sidecars it may make superfluous. */
  observe(change: Change): void {
    const { runSteps = atOnce } = this.#options;
    switch (change.kind) {
      case "pod":
        return this.#add(this.#candidates.observePod(change.key));
      case "namespace":
        return this.#loop.start(async () =>
          this.#add(await runSteps(this.#candidates.observeNamespace(change.name)))
        );
      case "sidecarset":
        return this.#observe(change.name);
      case "cleanuprecord":
        return this.#observe(change.sidecarSet);
    }
  }

  /** Requeues everything: this process has become the leader. */
  resync(): void {
    const { index, records } = this.#options;
    records.forgetWrites();
    for (const cleanup of this.#cleanups.values()) cleanup.resync();
    const named = [...index.sidecarSets.values()].map(({ name }) => name);
    const all = [
      ...named,
      ...index.injected.values(),
      ...index.cleanupRecords.sidecarSets(),
      ...this.#cleanups.keys(),
    ];
    for (const name of new Set(all)) this.#observe(name);
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  #observe(name: string): void {
    this.#options.records.observe(name);
    // Whether a new state concerns any Pod is found out by its reconciliation.
    if (this.#candidates.isUnknown(name) || this.#concerns(name)) this.#add([name]);
  }

  #add(names: Iterable<string>): void {
    for (const name of names) this.#loop.add(name, BATCH_DELAY_MS);
  }

  #concerns(name: string): boolean {
    return this.#cleanups.has(name) || this.#candidates.areNeeded(name);
  }

  /** Milliseconds until the next plan may be made, or a record that another client keeps changing may be repaired. */
  #waitOf(name: string): number {
    const { index, records } = this.#options;
    const { rest = 0 } = this.#cleanups.get(name) ?? {};
    const current = index.sidecarSets.get(name);
    return Math.max(rest, current ? records.waitOf(current) : 0);
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { index, records, evictions, confirmation, runSteps = atOnce } = this.#options;
    const observed = index.sidecarSets.get(name);
    if (observed !== undefined) await runSteps(this.#candidates.track(observed));
    if (!this.#concerns(name)) return undefined;
    const wait = this.#waitOf(name);
    if (wait > 0) return Math.max(BATCH_DELAY_MS, wait);
    const found = index.sidecarSets.get(name);
    if (found !== undefined) {
      if (found.problems.length > 0) return undefined;
      const stored = await records.keep(found, signal);
      const current = index.sidecarSets.get(name);
      if (current === undefined) return 0;
      if (!this.#candidates.isTracked(current)) return BATCH_DELAY_MS;
      const action = actionOf(current.sidecarSet.spec.cleanupPolicy);
      return await this.#advance({ name, current, action, stored }, signal);
    }
    if (!index.cleanupRecords.has(name) && index.injected.of(name).size === 0) {
      records.forget(name);
      evictions.forget(name);
      this.#cleanups.delete(name);
      return undefined;
    }
    if (!await confirmation.isCurrent({ name, known: undefined }, signal)) {
      return RESYNC_INTERVAL_MS;
    }
    // It may have been created meanwhile; its own event requeues the name then.
    if (index.sidecarSets.get(name) !== undefined) return 0;
    const stored = await records.ofDeleted(name, signal);
    const [damaged] = stored ? [] : index.cleanupRecords.unreadableOf(name);
    if (damaged !== undefined) return await this.#wait(name, damaged, signal);
    const action: CleanupAction = stored?.record.policy ?? { type: "Retain" };
    return await this.#advance({ name, current: undefined, action, stored }, signal);
  }

  async #advance(task: Task, signal: AbortSignal): Promise<number | undefined> {
    const { index, clock, records, evictions, runSteps } = this.#options;
    const { name, current, stored } = task;
    const cleanup = this.#cleanup(name);
    cleanup.progress ??= stored ? progressIn(stored.configMap) : NO_PROGRESS;
    const isNeeded = this.#candidates.of(name).size > 0 || cleanup.progress.remaining > 0 ||
      stored?.record.evictions !== undefined;
    if (!isNeeded) return await this.#finish(task, signal);
    const scope = this.#candidates.scopeOf(name);
    const plan = await cleanup.plan(this.#plan(task, { cleanup, scope }), runSteps);
    // The SidecarSet may have changed between two steps.
    if (specKeyOf(index.sidecarSets.get(name)) !== specKeyOf(current)) return BATCH_DELAY_MS;
    await this.#start(task, { cleanup, plan, scope }, signal);
    const evicted: CleanupEvictionOutcome = stored
      ? await evictions.advance({ scope, plan, stored }, signal)
      : { blocked: {} };
    if (cleanup.defersReport(evicted)) return Math.max(RESYNC_INTERVAL_MS, cleanup.pause);
    const { blocked, remaining } = cleanup.progressBy(plan);
    const after = { remaining, blocked: { ...blocked, ...evicted.blocked } };
    this.#report(name, {
      cleanup,
      uid: current?.sidecarSet.metadata.uid ?? stored?.record.uid,
      after,
    });
    // The record may have been written since.
    const latest = stored && index.cleanupRecords.get(stored);
    if (latest) await records.report(latest, after, signal);
    if (plan.remaining === 0) return await this.#finish({ ...task, stored: latest }, signal);
    const dueAt = Math.min(plan.waitUntil ?? Infinity, evicted.waitUntil ?? Infinity);
    const wait = cleanup.hasReleased
      ? BATCH_DELAY_MS
      : Math.min(RESYNC_INTERVAL_MS, Math.max(BATCH_DELAY_MS, dueAt - clock.now().getTime()));
    return Math.max(wait, cleanup.pause);
  }

  #plan(
    { name, current, action, stored }: Task,
    { cleanup, scope }: { cleanup: Cleanup; scope: SurplusScope },
  ): Steps<CleanupPlan> {
    const { index, clock } = this.#options;
    const pods = () => index.pods.each(index.injected.of(name));
    if (cleanup.failures.size > 0) {
      cleanup.failures.keepOnly(new Set([...pods()].map(({ metadata }) => metadata.uid ?? "")));
    }
    return planCleanup({
      scope,
      action,
      maxUnavailable: current?.sidecarSet.spec.updateStrategy?.maxUnavailable ??
        stored?.record.maxUnavailable,
      pods: pods(),
      pending: cleanup.pending,
      room: cleanup.room,
      retryAt: cleanup.failures.retryTimes(),
      now: clock.now(),
    });
  }

  /** Starts writes in the background. Those that restart sidecars of an existing SidecarSet are confirmed before. */
  async #start(
    { name, current }: Task,
    { cleanup, plan, scope }: { cleanup: Cleanup; plan: CleanupPlan; scope: SurplusScope },
    signal: AbortSignal,
  ): Promise<void> {
    const idle = plan.writes.filter(({ kind }) => kind === "Idle").map(({ pod }) => pod);
    const confirmed = new Set<ObservedPod>(
      await this.#options.confirmation.surplus(idle, scope, signal),
    );
    for (const write of plan.writes) {
      if (write.kind === "Idle" && !confirmed.has(write.pod)) continue;
      const work = { cleanup, sidecarSet: name, current, write };
      this.#loop.start(async () => {
        await this.#writes.run(work, signal);
        this.#loop.add(name, BATCH_DELAY_MS);
      });
    }
  }

  /** Nothing is cleaned up while the record is unreadable: its policy is unknown. */
  async #wait(
    name: string,
    damaged: UnreadableCleanupRecord,
    signal: AbortSignal,
  ): Promise<number> {
    const { index, records } = this.#options;
    const { configMap, problem } = damaged;
    const { namespace, name: configMapName } = configMap.metadata;
    const message =
      `ConfigMap ${namespace}/${configMapName}: ${problem}; repair it, or delete it to keep the sidecars`;
    const pods = index.injected.of(name).size;
    const after = {
      remaining: pods,
      blocked: { RecordUnreadable: { pods, example: "", message } },
    };
    const cleanup = this.#cleanup(name);
    cleanup.progress ??= progressIn(configMap);
    this.#report(name, { cleanup, uid: undefined, after });
    await records.reportUnreadable(damaged, after, signal);
    return UNREADABLE_RESYNC_INTERVAL_MS;
  }

  #report(
    name: string,
    { cleanup, uid = "", after }: {
      cleanup: Cleanup;
      uid: string | undefined;
      after: CleanupProgress;
    },
  ): void {
    const before = cleanup.progress ?? NO_PROGRESS;
    cleanup.progress = after;
    if (isDeepStrictEqual(before, after)) return;
    const regarding = referenceByName({ name, uid });
    for (const event of cleanupEvents(before, after)) {
      this.#options.events.record({ ...event, regarding, action: "Cleanup" });
    }
  }

  async #finish({ name, current, stored }: Task, signal: AbortSignal): Promise<undefined> {
    this.#cleanups.delete(name);
    this.#options.evictions.forget(name);
    if (current === undefined && stored) await this.#options.records.finish(stored, signal);
  }

  #cleanup(name: string): Cleanup {
    const known = this.#cleanups.get(name);
    if (known) return known;
    const cleanup = new Cleanup(this.#options.clock);
    this.#cleanups.set(name, cleanup);
    return cleanup;
  }
}

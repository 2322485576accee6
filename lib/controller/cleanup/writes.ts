import type { CleanupProgress } from "../../api/cleanup_record.ts";
import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { CleanupPlan, CleanupWrite } from "../../core/cleanup/plan.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Steps } from "../../core/steps.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { projectPod } from "../../index/projection.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import { Failures } from "../backoff.ts";
import { MAX_EXAMINATION_MS, NotLeaderError } from "../leadership.ts";
import { atOnce, type RunSteps, TimedSteps } from "../steps.ts";
import type { Writer } from "../writer.ts";

/** Max. writes of one clean-up under way or queued. */
const SLOTS = 512;
/** The pause after a plan, as a multiple of the time that it took: before one after a change, and before a resync. */
const PAUSE_FACTOR = 4;
const RESYNC_PAUSE_FACTOR = 50;

/** One clean-up as far as this process has carried it. */
export class Cleanup {
  /** uids of Pods whose write is under way. */
  readonly pending = new Set<string>();
  readonly failures: Failures;
  /** As last reported; undefined until this process has read what an earlier leader has reported. */
  progress: CleanupProgress | undefined;
  readonly #clock: Clock;
  #restUntil = 0;
  #pause = 0;
  #unavailable = 0;
  #hasReleased = false;
  /** Monotonic; undefined while evictions can be decided. */
  #undecidedSince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.failures = new Failures({ clock });
  }

  /** How many writes may be started. */
  get room(): number {
    return Math.max(0, SLOTS - this.pending.size);
  }

  /** Milliseconds until the next plan may be made: one over many Pods costs. */
  get rest(): number {
    return Math.max(0, this.#restUntil - this.#clock.monotonic());
  }

  /** Milliseconds until a resync is worth its cost. */
  get pause(): number {
    return this.#pause;
  }

  /** Whether Pods have become available since the plan before, so that refused writes may be allowed now. */
  get hasReleased(): boolean {
    return this.#hasReleased;
  }

  /** Forgets what was reported: another process may have led since. */
  resync(): void {
    this.progress = undefined;
    this.#undecidedSince = undefined;
  }

  /**
   * Whether to keep the earlier report, because evictions cannot be decided yet; from the first such call on for
   * `MAX_EXAMINATION_MS` at most.
   */
  defersReport({ isUndecided = false }: { isUndecided?: boolean }): boolean {
    const now = this.#clock.monotonic();
    this.#undecidedSince = isUndecided ? this.#undecidedSince ?? now : undefined;
    return this.#undecidedSince !== undefined && now - this.#undecidedSince < MAX_EXAMINATION_MS;
  }

  /** Makes a plan, and delays the next one by a multiple of its cost. */
  async plan(make: Steps<CleanupPlan>, runSteps: RunSteps = atOnce): Promise<CleanupPlan> {
    const planning = new TimedSteps(this.#clock, make);
    const plan = await runSteps(planning.steps());
    this.#restUntil = this.#clock.monotonic() + planning.spentMs * PAUSE_FACTOR;
    this.#pause = planning.spentMs * RESYNC_PAUSE_FACTOR;
    const { unavailable } = plan;
    for (let i = unavailable; i < this.#unavailable; i++) this.failures.release(undefined);
    this.#hasReleased = unavailable < this.#unavailable;
    this.#unavailable = unavailable;
    return plan;
  }

  /** The progress by a plan, with the blockers that the plan and failed writes name. */
  progressBy(plan: CleanupPlan): CleanupProgress {
    const blocked: Record<string, CleanupProgress["blocked"][string]> = {};
    if (plan.heldBack > 0) {
      const message = `${plan.unavailable} Pods are unavailable, ${plan.limit} may be`;
      blocked.BudgetUsed = { pods: plan.heldBack, example: "", message };
    }
    const failed = this.failures.size;
    if (failed > 0) {
      const message = this.failures.example ?? "";
      blocked.UpdateRefused = { pods: failed, example: "", message };
    }
    return { remaining: plan.remaining, blocked };
  }
}

/** The watch soon brings the newer state. */
const CONFLICT_DELAY_MS = 500;

/** What clean-ups read and write; the clock gives the delay after a conflict and the back-off. */
export interface CleanupWritesOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a write was decided for. */
interface CleanupWork {
  readonly cleanup: Cleanup;
  readonly sidecarSet: string;
  readonly current: PreparedSidecarSet | undefined;
  readonly write: CleanupWrite;
}

/** Writes Pods for clean-ups, concurrently. */
export class CleanupWrites {
  readonly #options: CleanupWritesOptions;

  constructor(options: CleanupWritesOptions) {
    this.#options = options;
  }

  /** Never rejects: a failure is recorded with the clean-up. */
  async run(work: CleanupWork, signal: AbortSignal): Promise<void> {
    const { pending } = work.cleanup;
    const { uid = "" } = work.write.pod.metadata;
    pending.add(uid);
    try {
      await this.#write(work, signal);
    } finally {
      pending.delete(uid);
    }
  }

  async #write(work: CleanupWork, signal: AbortSignal): Promise<void> {
    const { writer, index, logger, clock } = this.#options;
    const { sidecarSet, current, cleanup: { failures }, write: { pod, patch, kind } } = work;
    const { uid = "" } = pod.metadata;
    const isCurrent = () => isSame(index.sidecarSets.get(sidecarSet), current);
    try {
      const stored = await writer.patchPod(pod, patch, { signal, isCurrent });
      if (!stored) return;
      failures.forget(uid);
      index.updatePod(projectPod(stored));
      logger.debug("Cleaned up a Pod", { sidecarSet, pod: podKey(pod), kind });
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError || isNotFound(error)) return;
      if (isConflict(error)) return await clock.sleep(CONFLICT_DELAY_MS, signal);
      const message = error instanceof Error ? error.message : String(error);
      const group = controllerOf(pod)?.uid;
      failures.record(uid, {
        error,
        message: `Pod ${podKey(pod)}: ${message}`,
        ...(group === undefined ? {} : { group }),
      });
      logger.debug("Cannot clean up a Pod", { sidecarSet, pod: podKey(pod), error });
    }
  }
}

function isSame(a: PreparedSidecarSet | undefined, b: PreparedSidecarSet | undefined): boolean {
  return a?.sidecarSet.metadata.uid === b?.sidecarSet.metadata.uid &&
    a?.sidecarSet.metadata.generation === b?.sidecarSet.metadata.generation;
}

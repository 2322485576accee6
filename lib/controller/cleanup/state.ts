import type { CleanupProgress } from "../../api/cleanup_record.ts";
import type { Clock } from "../../api/clock.ts";
import type { CleanupPlan } from "../../core/cleanup/plan.ts";
import { Failures } from "../backoff.ts";

/** Max. writes of one clean-up under way or queued. */
const SLOTS = 512;
/** The pause after a plan, as a multiple of the time that it took: before one after a change, and before a resync. */
const REST = 4;
const PAUSE = 50;

/** One clean-up as far as this process has carried it. */
export class Cleanup {
  /** uids of Pods whose write is under way. */
  readonly pending = new Set<string>();
  readonly failures: Failures;
  progress: CleanupProgress = { remaining: 0, blocked: {} };
  readonly #clock: Clock;
  #restUntil = 0;
  #pause = 0;
  #unavailable = 0;
  #hasReleased = false;

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

  /** Makes a plan, and delays the next one by a multiple of its cost. */
  plan(make: () => CleanupPlan): CleanupPlan {
    const started = this.#clock.monotonic();
    const plan = make();
    const now = this.#clock.monotonic();
    this.#restUntil = now + (now - started) * REST;
    this.#pause = (now - started) * PAUSE;
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

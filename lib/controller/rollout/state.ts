import type { Clock } from "../../api/clock.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { FurtherUpdates, RolloutPlan } from "../../core/rollout/contract.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { TrackedPods } from "../../index/members.ts";
import { PlanBasis } from "../../index/plan_basis.ts";
import { type PodIndex, podKey } from "../../index/pods.ts";
import { Failures } from "../backoff.ts";
import { Expectations } from "./expectations.ts";

/** Max. writes of one SidecarSet under way or queued: enough to keep the writer busy, few enough to stay current. */
const SLOTS = 256;
/** Free slots from which another plan, or more of the last one, is worth its cost. */
const WORTHWHILE = 128;
/** How long a plan may be continued at least, so that one that costs little is not made for each portion. */
const MIN_PLAN_LIFE_MS = 1_000;
/** The pause after a plan, as a multiple of the time that the plan took. */
const PAUSE_FACTOR = 9;

/** A plan with what it was made from. */
interface MadePlan {
  readonly prepared: PreparedSidecarSet;
  readonly version: string;
  readonly plan: Omit<RolloutPlan, "further"> & { readonly detail?: string };
  /** The updates that it has left; dropped as soon as it cannot be continued, because they keep all candidates. */
  further: FurtherUpdates | undefined;
  readonly basis: PlanBasis;
  /** When time alone changes the plan; monotonic, because the wall clock may be set. */
  readonly dueAt: number;
  /** When the next plan may be made; monotonic. */
  readonly restUntil: number;
  /** Until when it may be continued; monotonic. */
  readonly validUntil: number;
}

/** One SidecarSet's roll-out as far as this process has carried it. */
export class Rollout {
  readonly failures: Failures;
  readonly expectations: Expectations;
  last: MadePlan | undefined;
  /** The `minReadySeconds` by which Pods were last found to have settled. */
  minReadySeconds = 0;
  readonly #clock: Clock;
  readonly #underWay = new Set<string>();
  /** Of those, the Pods that the write may take down: their keys by uid. */
  readonly #restarting = new Map<string, string>();
  /** Pods that were changed and have not been seen ready since, by uid. */
  readonly #updated = new Map<string, { key: string; workload: string | undefined }>();
  #basis = new PlanBasis([]);
  #readyPods = 0;
  #changes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.failures = new Failures({ clock });
    this.expectations = new Expectations(clock);
  }

  /** Changes with every write. */
  get changes(): number {
    return this.#changes;
  }

  /** How many writes may be started. */
  get room(): number {
    return Math.max(0, SLOTS - this.#underWay.size);
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0 && this.expectations.size === 0;
  }

  /** Whether nothing about any Pod has to be remembered, apart from the last plan. */
  get isBlank(): boolean {
    return this.isIdle && this.failures.size === 0 && this.#updated.size === 0;
  }

  isUnderWay(uid: string): boolean {
    return this.#underWay.has(uid);
  }

  /** Whether a report to the Pod may be written now. */
  mayReport({ metadata: { uid = "" } }: ObservedPod): boolean {
    return this.room > 0 && !this.isUnderWay(uid) && this.failures.mayTry(uid);
  }

  /** Whether a write without an answer may be sent again to the Pod: it is no longer under way. */
  mayResend(uid: string): boolean {
    return !this.#underWay.has(uid) && this.expectations.mayResend(uid);
  }

  /** Records a Pod that was changed and is expected to become ready again. */
  noteUpdate(pod: ObservedPod): void {
    const { uid = "" } = pod.metadata;
    this.#updated.set(uid, { key: podKey(pod), workload: controllerOf(pod)?.uid });
  }

  /**
   * Releases one refused write for each Pod that has become ready since the last call: a webhook that refuses writes
   * while too many Pods are unavailable may now allow the next one.
   */
  *releaseRefused(
    pods: Pick<PodIndex, "get" | "classesOf" | "countsOf">,
    name: string,
  ): Steps<void> {
    const classes = pods.classesOf(name);
    const { readyPods } = pods.countsOf(name);
    const workloads: (string | undefined)[] = [];
    yield* forEachInSteps(this.#updated, ([uid, { key, workload }]) => {
      const isThere = pods.get(key)?.metadata.uid === uid;
      const isReady = isThere && hasTrait(classes.get(key) ?? 0, PodTrait.Ready);
      if (isReady) workloads.push(workload);
      if (isReady || !isThere) this.#updated.delete(uid);
    });
    const more = readyPods - this.#readyPods - workloads.length;
    this.#readyPods = readyPods;
    for (let i = 0; i < more; i++) workloads.push(undefined);
    if (this.failures.size === 0) return;
    for (const workload of workloads) this.failures.release(workload);
  }

  /**
   * uids of Pods that a write may have taken down and whose outcome is unknown.
   *
   * @returns in addition the milliseconds until the first of them expires without an event
   */
  pending(
    find: (key: string) => ObservedPod | undefined,
  ): { uids: ReadonlySet<string>; wait?: number } {
    const open = this.expectations.open(find);
    return { ...open, uids: new Set(this.#restarting.keys()).union(open.uids) };
  }

  /** Marks the Pod as written to until the work has ended. */
  async run(
    { uid, key, restarts }: { uid: string; key: string; restarts: boolean },
    work: () => Promise<void>,
  ): Promise<void> {
    this.#underWay.add(uid);
    if (restarts) {
      this.#restarting.set(uid, key);
      this.#basis.addOwn(key);
    }
    this.#changes++;
    try {
      await work();
    } finally {
      this.#underWay.delete(uid);
      this.#restarting.delete(uid);
      this.#changes++;
      // Drops what cannot be continued, also if no further plan follows.
      this.further();
    }
  }

  /**
   * The last plan, if another one would be the same or is not worth its cost yet.
   *
   * @param version of everything that plans depend on, other than the SidecarSet
   */
  reusable(prepared: PreparedSidecarSet, version: string): MadePlan | undefined {
    const { last } = this;
    if (last === undefined || !plansAlike(last.prepared, prepared)) return undefined;
    if (last.dueAt <= this.#clock.monotonic()) return undefined;
    if (last.version === version || !this.hasRoom) return last;
    return this.rest > 0 || this.further() !== undefined ? last : undefined;
  }

  /** Whether enough writes may be started. */
  get hasRoom(): boolean {
    return this.room >= WORTHWHILE;
  }

  /** The updates that the last plan has left, if it can be continued; drops them otherwise. */
  further(): FurtherUpdates | undefined {
    const { last } = this;
    const isValid = last?.further?.isDone === false && last.basis.holds &&
      this.#clock.monotonic() < last.validUntil;
    if (last && !isValid) last.further = undefined;
    return last?.further;
  }

  /** Starts a plan, whose basis notices changes of the Pods, and ends the last one. */
  begin(tracked: TrackedPods | undefined): void {
    if (this.last) this.last.further = undefined;
    this.#basis = new PlanBasis([...this.#restarting.values(), ...this.expectations.keys()]);
    if (tracked) tracked.planBasis = this.#basis;
  }

  /** Milliseconds until the next plan may be made. */
  get rest(): number {
    return Math.max(0, (this.last?.restUntil ?? 0) - this.#clock.monotonic());
  }

  /** Milliseconds until time alone changes the plan. */
  get wait(): number | undefined {
    const { dueAt = Infinity } = this.last ?? {};
    return dueAt === Infinity ? undefined : Math.max(0, dueAt - this.#clock.monotonic());
  }

  /** Keeps a plan, and lets the next one wait for as long as this one's cost demands. */
  keep(
    made: Pick<MadePlan, "prepared" | "version" | "plan" | "further">,
    { spentMs }: { spentMs: number },
  ): void {
    const now = this.#clock.monotonic();
    const { waitUntil = Infinity } = made.plan;
    const planned = waitUntil - this.#clock.now().getTime();
    const restUntil = now + spentMs * PAUSE_FACTOR;
    this.last = {
      ...made,
      basis: this.#basis,
      dueAt: now + Math.min(planned, this.failures.wait ?? Infinity),
      restUntil,
      validUntil: Math.max(restUntil, now + MIN_PLAN_LIFE_MS),
    };
  }
}

/** Whether the plans for both states are the same, all else being equal; most updates are of the status. */
export function plansAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  const [one, other] = [a.sidecarSet.metadata, b.sidecarSet.metadata];
  return one.uid === other.uid && one.generation === other.generation &&
    a.revisionName === b.revisionName && a.problems.length === b.problems.length;
}

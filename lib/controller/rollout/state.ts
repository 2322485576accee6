import type { Clock } from "../../api/clock.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { FurtherUpdates, RolloutPlan } from "../../core/rollout/contract.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import { type PodIndex, podKey } from "../../index/pods.ts";
import { Failures } from "../backoff.ts";
import { Expectations } from "./expectations.ts";

/** Max. writes of one SidecarSet under way or queued: enough to keep the writer busy, few enough to stay current. */
const SLOTS = 256;
/** Free slots from which another plan, or more of the last one, is worth its cost. */
const WORTHWHILE = 128;
/** For how long a plan with more updates than slots is carried on: the order of its Pods may be as old. */
const MAX_PLAN_AGE_MS = 1_000;
/** The pause after a plan, as a multiple of the time that the plan took. */
const PAUSE_FACTOR = 9;

/** A plan with what it was made from. */
interface MadePlan {
  readonly prepared: PreparedSidecarSet;
  readonly version: string;
  readonly plan: RolloutPlan & { readonly detail?: string };
  /** When time alone changes the plan; monotonic, because the wall clock may be set. */
  readonly dueAt: number;
  /** When the next plan may be made; monotonic. */
  readonly restUntil: number;
  /** Until when it is carried on while updates are left; monotonic. */
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
  /** Of those, the Pods that the write may take down. */
  readonly #restarting = new Set<string>();
  /** Pods that were changed and have not been seen ready since, by uid. */
  readonly #updated = new Map<string, { key: string; workload: string | undefined }>();
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
    return { ...open, uids: this.#restarting.union(open.uids) };
  }

  /** Marks the Pod as written to until the work has ended. */
  async run(
    { uid, restarts }: { uid: string; restarts: boolean },
    work: () => Promise<void>,
  ): Promise<void> {
    this.#underWay.add(uid);
    if (restarts) this.#restarting.add(uid);
    this.#changes++;
    try {
      await work();
    } finally {
      this.#underWay.delete(uid);
      this.#restarting.delete(uid);
      this.#changes++;
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
    return this.rest > 0 || this.further !== undefined ? last : undefined;
  }

  /** Whether enough writes may be started. */
  get hasRoom(): boolean {
    return this.room >= WORTHWHILE;
  }

  /** The updates that the last plan has left, while it is valid. */
  get further(): FurtherUpdates | undefined {
    const { plan: { further } = {}, validUntil = 0 } = this.last ?? {};
    const isLeft = further?.isDone === false && this.#clock.monotonic() < validUntil;
    return isLeft ? further : undefined;
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
    made: Pick<MadePlan, "prepared" | "version" | "plan">,
    { spentMs }: { spentMs: number },
  ): void {
    const now = this.#clock.monotonic();
    const { waitUntil = Infinity } = made.plan;
    const planned = waitUntil - this.#clock.now().getTime();
    const restUntil = now + spentMs * PAUSE_FACTOR;
    this.last = {
      ...made,
      dueAt: now + Math.min(planned, this.failures.wait ?? Infinity),
      restUntil,
      validUntil: Math.max(restUntil, now + MAX_PLAN_AGE_MS),
    };
  }
}

/** Whether the plans for both states are the same, all else being equal; most updates are of the status. */
export function plansAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  const [one, other] = [a.sidecarSet.metadata, b.sidecarSet.metadata];
  return one.uid === other.uid && one.generation === other.generation &&
    a.revisionName === b.revisionName && a.problems.length === b.problems.length;
}

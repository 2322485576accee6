import { firstByName, type ObservedPod } from "../../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { LeftPod, RolloutPlan, RolloutSnapshot } from "../../core/rollout/contract.ts";
import { planRolloutInSteps } from "../../core/rollout/plan.ts";
import { planDetail } from "../../core/rollout/plan_reason.ts";
import {
  filterInSteps,
  forEachInSteps,
  mapInSteps,
  sortInSteps,
  type Steps,
} from "../../core/steps.ts";
import { hasTrait, isOutdated, PodTrait } from "../../core/status/pod_class.ts";
import { podKey } from "../../index/pods.ts";
import { atOnce, type RunSteps, TimedSteps } from "../steps.ts";
import { collectSettling, settlingPods } from "./settling.ts";
import { plansAlike, Rollout } from "./state.ts";
import { RolloutWrites, type RolloutWritesOptions } from "./writes.ts";

/** Options of {@linkcode Rollouts}. */
export interface RolloutsOptions extends RolloutWritesOptions {
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
}

/** Reading a class or a uid is much cheaper than planning for a Pod. */
const KEYS_PER_STEP = 1_000;

interface PlannedSteps {
  readonly snapshot: RolloutSnapshot;
  readonly made: RolloutPlan;
  /** Pods whose condition is to deny the upgrade. */
  readonly denied: readonly LeftPod[];
  /** Keys of Pods whose denial is to be withdrawn. */
  readonly denying: readonly string[];
}

/** A plan with one Pod as an example of what holds the roll-out back. */
export type ExplainedPlan = Omit<RolloutPlan, "further"> & { readonly detail?: string };

/** Executes plans. Writes run concurrently with each other and with planning; none waits for another Pod's. */
export class Rollouts {
  readonly #options: RolloutsOptions;
  readonly #writes: RolloutWrites;
  readonly #bySidecarSet = new Map<string, Rollout>();

  constructor(options: RolloutsOptions) {
    this.#options = options;
    this.#writes = new RolloutWrites(options);
  }

  /** Number of SidecarSets with state in memory. */
  get size(): number {
    return this.#bySidecarSet.size;
  }

  /** Ends all plans: with a change of leadership, another process has made or makes them. */
  forgetPlans(): void {
    for (const rollout of this.#bySidecarSet.values()) rollout.last = undefined;
  }

  /** uids of Pods with a write whose outcome is unknown. */
  pendingOf(name: string): ReadonlySet<string> {
    const rollout = this.#bySidecarSet.get(name);
    return rollout === undefined ? new Set() : this.#pending(rollout).uids;
  }

  /**
   * Plans the next step of a roll-out if anything that it depends on has changed, and starts its writes.
   *
   * @returns undefined if the SidecarSet has changed while the plan was made
   */
  async advance(
    prepared: PreparedSidecarSet,
    signal: AbortSignal,
  ): Promise<ExplainedPlan | undefined> {
    const { index, clock, runSteps = atOnce } = this.#options;
    const { name } = prepared;
    const rollout = this.#rollout(name);
    const pending = this.#pending(rollout);
    const version = `${index.pods.versionOf(name)}/${rollout.changes}/${pending.uids.size}`;
    const reused = rollout.reusable(prepared, version);
    if (reused !== undefined) {
      if (!await this.#continue(rollout, { prepared, signal })) return undefined;
      // A write's end requeues it; otherwise the next plan waits for the end of the rest.
      const isResting = reused.version !== version && (rollout.rest > 0 || rollout.hasRoom);
      return this.#dueAt(reused.plan, [isResting ? rollout.rest : rollout.wait, pending.wait]);
    }
    rollout.begin(index.pods.trackedOf(name));
    const planning = new TimedSteps(clock, this.#plan(rollout, prepared, pending.uids));
    const { snapshot, made, denied, denying } = await runSteps(planning.steps());
    if (!this.#isCurrent(prepared) || signal.aborted) return undefined;
    const updates = [...made.flips, ...made.updates];
    for (const update of updates) this.#writes.update(rollout, { prepared, update, signal });
    this.#report(rollout, { prepared, denied, signal });
    this.#withdrawDenials(rollout, { sidecarSet: name, keys: denying, signal });
    const { further, ...plan } = this.#explained(made, { snapshot, rollout });
    rollout.keep({ prepared, version, plan, further }, { spentMs: planning.spentMs });
    // Of thousands of SidecarSets most have no Pods, and a plan for none costs little.
    if (rollout.isBlank && index.pods.classesOf(name).size === 0) this.#bySidecarSet.delete(name);
    return this.#dueAt(plan, [rollout.wait, pending.wait]);
  }

  /** Starts further updates of the last plan; resolves to false if the SidecarSet changes meanwhile. */
  async #continue(
    rollout: Rollout,
    { prepared, signal }: { prepared: PreparedSidecarSet; signal: AbortSignal },
  ): Promise<boolean> {
    const { last } = rollout;
    const further = rollout.further();
    if (last === undefined || further === undefined || !rollout.hasRoom) return true;
    const updates = await (this.#options.runSteps ?? atOnce)(further.take(rollout.room));
    const isCurrent = this.#isCurrent(prepared) && !signal.aborted && rollout.last === last;
    // Otherwise the next plan decides about these Pods.
    const started = isCurrent && last.basis.holds ? updates : [];
    for (const update of started) this.#writes.update(rollout, { prepared, update, signal });
    return isCurrent;
  }

  /** Whether a plan for this state of a SidecarSet may be executed. */
  #isCurrent(prepared: PreparedSidecarSet): boolean {
    const { sidecarSets, pods } = this.#options.index;
    const current = sidecarSets.get(prepared.name);
    return current !== undefined && plansAlike(current, prepared) &&
      !pods.reclassification.isPending(prepared.name);
  }

  /**
   * Removes what Pods report about a deleted SidecarSet, then its state.
   *
   * @returns milliseconds after which to requeue, while something is left to do
   */
  release(name: string, signal: AbortSignal): number | undefined {
    const { index } = this.#options;
    if (!this.#bySidecarSet.has(name) && index.denials.of(name).size === 0) return undefined;
    const rollout = this.#rollout(name);
    this.#withdrawDenials(rollout, { sidecarSet: name, keys: index.denials.of(name), signal });
    const { wait } = this.#pending(rollout);
    if (rollout.isIdle && index.denials.of(name).size === 0) {
      this.#bySidecarSet.delete(name);
      return undefined;
    }
    const due = [wait, rollout.failures.wait].filter((time) => time !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #rollout(name: string): Rollout {
    const rollout = this.#bySidecarSet.get(name) ?? new Rollout(this.#options.clock);
    this.#bySidecarSet.set(name, rollout);
    return rollout;
  }

  #pending(rollout: Rollout): { uids: ReadonlySet<string>; wait?: number } {
    return rollout.pending((key) => this.#options.index.pods.get(key));
  }

  /** The Pods are sorted by key, so that the order is the same after a restart. */
  *#plan(
    rollout: Rollout,
    prepared: PreparedSidecarSet,
    pending: ReadonlySet<string>,
  ): Steps<PlannedSteps> {
    const { pods } = this.#options.index;
    yield* rollout.releaseRefused(pods, prepared.name);
    const unsorted = pods.outdatedKeysOf(prepared.name);
    const drifted = pods.driftedOf(prepared.name);
    const isNeeded = unsorted.length + drifted.length > 0;
    if (isNeeded) yield* collectSettling(pods, { rollout, prepared });
    const keys = yield* sortInSteps(unsorted, (a, b) => a < b ? -1 : 1);
    const classes = pods.classesOf(prepared.name);
    // Since the keys were read, a Pod may have left the selection, or another one may have its name.
    const found = yield* mapInSteps(keys, (key) => isOutdated(classes.get(key)) && pods.get(key));
    const outdated = found.filter((pod) => pod !== undefined && pod !== false);
    const denying = yield* this.#outdatedDenials(prepared.name);
    if (rollout.failures.size > 0) {
      yield* this.#keepFailures(rollout, prepared.name, [...outdated, ...drifted]);
    }
    const snapshot = this.#snapshot(rollout, { prepared, pending, outdated, drifted });
    const made = yield* planRolloutInSteps(snapshot);
    const isDue = ({ pod, condition }: LeftPod) =>
      condition !== undefined && rollout.mayReport(pod);
    const denied = yield* filterInSteps(made.notUpgradable, isDue, KEYS_PER_STEP);
    return { snapshot, made, denied, denying };
  }

  /** Keys of the Pods that deny an upgrade which is possible by now, or name a SidecarSet that left the Pod. */
  *#outdatedDenials(name: string): Steps<string[]> {
    const { pods, denials } = this.#options.index;
    const classes = pods.classesOf(name);
    const isPossible = (key: string) => !hasTrait(classes.get(key) ?? 0, PodTrait.NotUpgradable);
    return yield* filterInSteps(denials.of(name), isPossible, KEYS_PER_STEP);
  }

  /** Forgets failed writes to Pods that no write is planned for any more. */
  *#keepFailures(rollout: Rollout, name: string, planned: readonly ObservedPod[]): Steps<void> {
    const { pods, denials } = this.#options.index;
    const concerned = [...planned, ...pods.halfUpgradedOf(name), ...pods.rewrittenOf(name)];
    const uids = new Set<string>();
    const keep = ({ metadata: { uid = "" } }: ObservedPod) => void uids.add(uid);
    yield* forEachInSteps(concerned, keep, KEYS_PER_STEP);
    yield* forEachInSteps(pods.each(denials.of(name)), keep, KEYS_PER_STEP);
    rollout.failures.keepOnly(uids);
  }

  #snapshot(
    rollout: Rollout,
    { prepared, pending, outdated, drifted }: Pick<
      RolloutSnapshot,
      "prepared" | "pending" | "outdated" | "drifted"
    >,
  ): RolloutSnapshot {
    const { index: { pods, sidecarSets }, clock } = this.#options;
    const { name } = prepared;
    const classes = pods.classesOf(name);
    return {
      prepared,
      get counts() {
        return pods.countsOf(name);
      },
      outdated,
      halfUpgraded: pods.halfUpgradedOf(name),
      drifted,
      matched: { [Symbol.iterator]: () => pods.matchedOf(name)[Symbol.iterator]() },
      settling: settlingPods(pods, { prepared, now: clock.now() }),
      classOf: (pod) => classes.get(podKey(pod)) ?? 0,
      now: clock.now(),
      pending,
      resend: new Set([...pending].filter((uid) => rollout.mayResend(uid))),
      room: rollout.room,
      retryAt: rollout.failures.retryTimes(),
      exists: (other) => sidecarSets.get(other) !== undefined,
    };
  }

  #explained(
    plan: RolloutPlan,
    { snapshot, rollout }: { snapshot: RolloutSnapshot; rollout: Rollout },
  ): RolloutPlan & { readonly detail?: string } {
    const { prepared, drifted } = snapshot;
    const detail = planDetail(plan, {
      prepared,
      failure: rollout.failures.example,
      unready: () => firstByName(this.#options.index.pods.unreadyOf(prepared.name)),
      drifted,
    });
    return { ...plan, ...(detail === undefined ? {} : { detail }) };
  }

  /** The plan, due again after the shortest of these waits in milliseconds. */
  #dueAt(
    { waitUntil: _planned, ...plan }: ExplainedPlan,
    waits: readonly (number | undefined)[],
  ): ExplainedPlan {
    const known = waits.filter((wait) => wait !== undefined);
    if (known.length === 0) return plan;
    return { ...plan, waitUntil: this.#options.clock.now().getTime() + Math.min(...known) };
  }

  /** Writes conditions of Pods that stay old, and records of images that other webhooks have rewritten. */
  #report(
    rollout: Rollout,
    { prepared, denied, signal }: {
      prepared: PreparedSidecarSet;
      denied: readonly LeftPod[];
      signal: AbortSignal;
    },
  ): void {
    const report = { sidecarSet: prepared.name, upgradable: false };
    for (const { pod } of denied) {
      if (rollout.room === 0) return;
      if (rollout.mayReport(pod)) this.#writes.setUpgradable(rollout, { pod, report, signal });
    }
    for (const pod of this.#options.index.pods.rewrittenOf(prepared.name)) {
      if (rollout.room === 0) return;
      if (rollout.mayReport(pod)) this.#writes.recordImages(rollout, { pod, prepared, signal });
    }
  }

  /** Updates conditions that deny an upgrade that is possible by now, or name a SidecarSet that left the Pod. */
  #withdrawDenials(
    rollout: Rollout,
    { sidecarSet, keys, signal }: {
      sidecarSet: string;
      keys: Iterable<string>;
      signal: AbortSignal;
    },
  ): void {
    const { pods, denials } = this.#options.index;
    const classes = pods.classesOf(sidecarSet);
    for (const key of keys) {
      if (rollout.room === 0) return;
      if (!denials.of(sidecarSet).has(key)) continue;
      const pod = pods.get(key);
      const podClass = classes.get(key) ?? 0;
      if (!pod || hasTrait(podClass, PodTrait.NotUpgradable) || !rollout.mayReport(pod)) continue;
      const upgradable = hasTrait(podClass, PodTrait.Matched) ? true : undefined;
      this.#writes.setUpgradable(rollout, { pod, report: { sidecarSet, upgradable }, signal });
    }
  }
}

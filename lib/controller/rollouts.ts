import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { Pod } from "../api/pod.ts";
import type { LeftPod, RolloutPlan } from "../core/rollout/contract.ts";
import { planRollout } from "../core/rollout/plan.ts";
import type { PodUpdate } from "../core/rollout/pod_update.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { trimPod } from "../index/trim.ts";
import { isInvalid, isNotFound } from "../kube/errors.ts";
import { Failures } from "./backoff.ts";
import { NotLeaderError, type Writer } from "./writer.ts";

export interface RolloutsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when a write has come to its end, so that the SidecarSet is planned again. */
  onProgress(sidecarSet: string): void;
  /** Takes over a Pod as the API server stored it, ahead of the watch. */
  onStored(pod: Pod): void;
}

/** One SidecarSet's roll-out as far as this process has carried it. */
interface Rollout {
  /** uids of Pods whose write is under way. */
  readonly pending: Set<string>;
  readonly failures: Failures;
}

/** Carries plans out. Writes run beside each other and beside further planning; none waits for another Pod's. */
export class Rollouts {
  readonly #options: RolloutsOptions;
  readonly #bySidecarSet = new Map<string, Rollout>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: RolloutsOptions) {
    this.#options = options;
  }

  /** Plans the next step of a SidecarSet's roll-out and starts its writes. */
  advance(prepared: PreparedSidecarSet, signal: AbortSignal): RolloutPlan & { detail?: string } {
    const { index, clock } = this.#options;
    const { name } = prepared;
    const rollout = this.#rollout(name);
    const outdated = index.pods.outdatedOf(name);
    const halfUpgraded = index.pods.halfUpgradedOf(name);
    const uids = [...outdated, ...halfUpgraded].map(({ metadata }) => metadata.uid ?? "");
    rollout.failures.keepOnly(new Set(uids));
    const plan = planRollout({
      prepared,
      counts: index.pods.countsOf(name),
      outdated,
      halfUpgraded,
      drifted: [],
      matched: index.pods.matchedOf(name),
      now: clock.now(),
      pending: rollout.pending,
      retryAt: rollout.failures.retryTimes(),
      exists: (other) => index.sidecarSets.get(other) !== undefined,
    });
    for (const update of [...plan.flips, ...plan.updates]) {
      this.#start(rollout, update.uid, () => this.#update(prepared, update, signal));
    }
    for (const left of plan.notUpgradable) {
      const uid = left.pod.metadata.uid ?? "";
      if (left.condition && !rollout.pending.has(uid)) {
        this.#start(rollout, uid, () => this.#mark(left, { name, signal }));
      }
    }
    const detail = plan.refused[0]?.message ?? rollout.failures.example;
    return detail === undefined ? plan : { ...plan, detail };
  }

  /** Forgets a SidecarSet that is gone. */
  forget(name: string): void {
    this.#bySidecarSet.delete(name);
  }

  /** Number of Pod writes under way. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Resolves when no write is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #rollout(name: string): Rollout {
    const known = this.#bySidecarSet.get(name);
    if (known) return known;
    const rollout = { pending: new Set<string>(), failures: new Failures(this.#options.clock) };
    this.#bySidecarSet.set(name, rollout);
    return rollout;
  }

  #start(rollout: Rollout, uid: string, write: () => Promise<void>): void {
    rollout.pending.add(uid);
    const running = write().finally(() => {
      rollout.pending.delete(uid);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #update(
    prepared: PreparedSidecarSet,
    update: PodUpdate,
    signal: AbortSignal,
  ): Promise<void> {
    const { writer, onStored, onProgress, index } = this.#options;
    const { name, namespace, uid } = update;
    const pod: Pod = { metadata: { name, namespace }, spec: { containers: [] } };
    try {
      const wanted = () => isSameWish(index.sidecarSets.get(prepared.name), prepared);
      const stored = await writer.patchPod(pod, update.patch, { signal, wanted });
      if (!stored) return;
      onStored(trimPod(stored));
      this.#rollout(prepared.name).failures.forget(uid);
      if (update.condition) await this.#patchCondition(stored, update.condition, signal);
    } catch (error) {
      this.#failed(prepared.name, { uid, pod: `${namespace}/${name}`, error });
    } finally {
      onProgress(prepared.name);
    }
  }

  async #mark(
    { pod, condition }: LeftPod,
    { name, signal }: { name: string; signal: AbortSignal },
  ): Promise<void> {
    const { uid = "" } = pod.metadata;
    try {
      if (condition) await this.#patchCondition(pod, condition, signal);
    } catch (error) {
      const { namespace = "", name: podName = "" } = pod.metadata;
      this.#failed(name, { uid, pod: `${namespace}/${podName}`, error });
    } finally {
      this.#options.onProgress(name);
    }
  }

  async #patchCondition(
    pod: Pod,
    condition: NonNullable<LeftPod["condition"]>,
    signal: AbortSignal,
  ): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    const body = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } };
    const stored = await this.#options.writer.patchPodStatus(pod, body, signal);
    this.#options.onStored(trimPod(stored));
  }

  #failed(
    sidecarSet: string,
    { uid, pod, error }: { uid: string; pod: string; error: unknown },
  ): void {
    if (error instanceof NotLeaderError || isNotFound(error)) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#rollout(sidecarSet).failures.record(uid, { error, message: `Pod ${pod}: ${message}` });
    const { logger } = this.#options;
    const log = isInvalid(error) ? logger.warn : logger.debug;
    log("Cannot change a Pod", { sidecarSet, pod, error });
  }
}

/** Whether what was planned for one state of a SidecarSet is still wanted by the current one. */
function isSameWish(current: PreparedSidecarSet | undefined, planned: PreparedSidecarSet): boolean {
  return current?.sidecarSet.metadata.uid === planned.sidecarSet.metadata.uid &&
    current?.sidecarSet.metadata.generation === planned.sidecarSet.metadata.generation;
}

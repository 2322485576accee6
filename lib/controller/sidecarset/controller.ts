import { isDeepStrictEqual } from "node:util";
import type { Pod } from "../../api/pod.ts";
import type { Change, SidecarSetChange } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { get } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/send.ts";
import type { RestClient } from "../../kube/contract.ts";
import type { EvictionEngineOptions } from "../eviction/engine.ts";
import { Evictions } from "../eviction/sidecarset.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { Rollouts } from "../rollout/engine.ts";
import { Reconciler } from "./reconciler.ts";
import { Revisions, type RevisionsOptions } from "./revisions.ts";
import { Statuses, type StatusesOptions } from "./statuses.ts";

/** Collects changes that come together. */
const BATCH_DELAY_MS = 50;
const CONCURRENCY = 4;

export interface SidecarSetControllerOptions
  extends
    LoopEnvironment,
    Omit<EvictionEngineOptions, "clock" | "logger">,
    Pick<RevisionsOptions, "namespace" | "legacy">,
    Pick<StatusesOptions, "registrationOf" | "missedOf" | "refusedOf" | "onStored" | "onRepair"> {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  /** The whole Pod from the API server. Rejects with what it answers. */
  readPod(pod: Pod, signal: AbortSignal): Promise<Pod>;
}

/** Reconciles SidecarSets: their revisions, roll-outs, evictions and statuses. */
export class SidecarSetController {
  readonly loop: Loop;
  readonly rollouts: Rollouts;
  readonly #index: ClusterIndex;
  readonly #statuses: Statuses;
  readonly #reconciler: Reconciler;

  constructor(options: SidecarSetControllerOptions) {
    const { client, index } = options;
    this.#index = index;
    this.loop = new Loop(options, {
      controller: "sidecarset",
      concurrency: CONCURRENCY,
      task: "reconcile a SidecarSet",
      keyField: "sidecarSet",
      reconcile: (name, signal) => this.#reconciler.reconcile(name, signal),
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
    this.#reconciler = new Reconciler({
      ...options,
      rollouts: this.rollouts,
      evictions: new Evictions(options),
      revisions: new Revisions(options),
      statuses: this.#statuses,
    });
  }

  /** Number of Pods that roll-outs are writing to. */
  get podWritesInFlight(): number {
    return this.loop.inFlight;
  }

  /** Maps a change to the SidecarSets that it concerns. A status that this process wrote concerns none. */
  observe(change: Change): void {
    for (const name of change.sidecarSets) this.#add(name);
    if (change.kind === "sidecarset" && !this.#isOwnStatus(change)) this.#add(change.name);
  }

  /** Requeues every SidecarSet, and forgets earlier writes: another process may have led since. */
  resync(): void {
    this.#statuses.forgetAll();
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

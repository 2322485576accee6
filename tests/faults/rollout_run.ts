import assert from "node:assert/strict";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { projectPod } from "../../lib/index/projection.ts";
import type { RequestOptions } from "../../lib/kube/contract.ts";
import { createEngine } from "../support/engine.ts";
import { ManualClock, settle } from "../support/manual_clock.ts";
import { podOf } from "../support/objects.ts";
import { Connection } from "./connection.ts";
import { type Fault, StoredCluster } from "./stored_cluster.ts";

/** Milliseconds of one step of the kubelets. */
export const STEP_MS = 200;
const MAX_STEPS = 3_000;

export interface RolloutRunOptions<Spec> {
  /** Number of Pods, which have the sidecars of the first spec. */
  readonly pods: number;
  readonly first: Spec;
  /** The SidecarSet `web` of a spec. */
  prepare(spec: Spec, resourceVersion: string): PreparedSidecarSet;
  fault?(options: RequestOptions): Fault;
  /** Whether a container becomes ready after it has got an image. @default all do */
  doesStart?(pod: string, image: string): boolean;
}

/** One process: the controller over its own index, with a watch that is a step late. */
function startProcess(cluster: StoredCluster, clock: ManualClock, prepared: PreparedSidecarSet) {
  const connection = new Connection(cluster);
  const engine = createEngine({
    client: connection,
    clock,
    registrationOf: () => ({ inForceSince: "2025-12-31T00:00:00Z" }),
    onStoredSidecarSet: () => takeStatus(cluster.sidecarSet),
  });
  const { index } = engine;
  const takeStatus = (sidecarSet: SidecarSet) => {
    const known = index.sidecarSets.get("web");
    if (known) index.applySidecarSet({ ...known, sidecarSet });
  };
  for (const revision of cluster.revisions.values()) index.applyRevision(revision);
  index.applySidecarSet({ ...prepared, sidecarSet: cluster.sidecarSet });
  for (const pod of cluster.pods.values()) index.applyPod(projectPod(pod));
  const stop = new AbortController();
  const running = engine.loop.run(stop.signal);
  let late: string[] = [];
  let lateSidecarSet = cluster.sidecarSet;
  return {
    ...engine,
    deliver(changed: ReadonlySet<string>): void {
      for (const name of late) {
        const pod = cluster.pods.get(name);
        if (pod) index.applyPod(projectPod(pod));
      }
      late = [...changed];
      takeStatus(lateSidecarSet);
      lateSidecarSet = cluster.sidecarSet;
    },
    apply: (state: PreparedSidecarSet) => index.applySidecarSet(state),
    remove: () => index.deleteSidecarSet("web"),
    kill(): void {
      connection.cut();
      stop.abort();
    },
    async end(): Promise<void> {
      stop.abort();
      await running;
    },
  };
}

/** A controller at work on the Pods of a stored cluster. It can be killed, and another one can take over. */
export class RolloutRun<Spec> {
  readonly clock = new ManualClock();
  readonly cluster: StoredCluster;
  readonly #prepare: RolloutRunOptions<Spec>["prepare"];
  readonly #killed: ReturnType<typeof startProcess>[] = [];
  #prepared: PreparedSidecarSet;
  #process: ReturnType<typeof startProcess> | undefined;

  constructor({ pods, first, prepare, fault, doesStart }: RolloutRunOptions<Spec>) {
    this.#prepare = prepare;
    this.#prepared = prepare(first, "1");
    this.cluster = new StoredCluster(this.#prepared, {
      ...(fault ? { fault } : {}),
      ...(doesStart ? { doesStart } : {}),
    });
    const injected = [this.#prepared];
    for (let i = 0; i < pods; i++) this.cluster.put(podOf({ name: `p${i}`, injected }));
    this.cluster.mostUnavailable = 0;
    this.startController();
  }

  get #current(): ReturnType<typeof startProcess> {
    assert.ok(this.#process, "a controller runs");
    return this.#process;
  }

  get isControlled(): boolean {
    return this.#process !== undefined;
  }

  get index() {
    return this.#current.index;
  }

  get rollouts() {
    return this.#current.rollouts;
  }

  get loop() {
    return this.#current.loop;
  }

  /** Starts a controller that knows nothing but what is stored. */
  startController(): void {
    assert.ok(!this.#process, "no other controller runs");
    this.cluster.changed = new Set();
    this.#process = startProcess(this.cluster, this.clock, this.#prepared);
  }

  /** Ends the controller as SIGKILL does: its writes under way take effect, or never reach the server. */
  killController(): void {
    const process = this.#current;
    process.kill();
    this.#killed.push(process);
    this.#process = undefined;
  }

  /** Applies a spec as a user does; status and resourceVersion are the API server's. */
  apply(spec: Spec): void {
    const prepared = this.#prepare(spec, this.cluster.nextVersion());
    const { status } = this.cluster.sidecarSet;
    const sidecarSet = { ...prepared.sidecarSet, ...(status ? { status } : {}) };
    this.#prepared = prepared;
    this.cluster.sidecarSet = sidecarSet;
    this.#process?.apply({ ...prepared, sidecarSet });
  }

  remove(): void {
    this.#current.remove();
  }

  async step(): Promise<void> {
    const { changed } = this.cluster;
    this.cluster.changed = new Set();
    this.#process?.deliver(changed);
    this.cluster.stepKubelet();
    await this.clock.advance(STEP_MS);
    await settle();
  }

  async until(isSo: () => boolean, { steps = MAX_STEPS } = {}): Promise<void> {
    for (let i = 0; !isSo(); i++) {
      assert.ok(i < steps, "it does not come to its end");
      await this.step();
    }
  }

  async end(): Promise<void> {
    const all = [...this.#killed, ...(this.#process ? [this.#process] : [])];
    await Promise.all(all.map((process) => process.end()));
  }
}

import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { Pod } from "../api/pod.ts";
import { awaitsTermination, decideTermination, type Termination } from "../core/cleanup/jobs.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { podKey } from "../index/pods.ts";
import { trimPod } from "../index/trim.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import { type Outcome, WorkQueue } from "./queue.ts";
import { wishOf } from "./wish.ts";
import { NotLeaderError, type Writer } from "./writer.ts";

/** A state that a kubelet's write has overtaken is decided anew when the watch has brought the newer one. */
const CONFLICT_DELAY = 100;
const CONCURRENCY = 16;

export interface TerminationsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  isLeader(): boolean;
  /** Whether a node is a virtual one. May reject with what the API server answers; a node that is gone is none. */
  isVirtualNode(name: string, signal: AbortSignal): Promise<boolean>;
  /** Takes over a Pod as the API server stored it, ahead of the watch. */
  onStored(pod: Pod): void;
  /** Told of each decision that was carried out, or cannot be. */
  onTermination?(pod: Pod, termination: Termination): void;
}

/** Ends the sidecars of Pods that run to completion once their main containers have ended. */
export class Terminations {
  readonly #options: TerminationsOptions;
  readonly #queue: WorkQueue;
  readonly #wishes = new Map<string, string>();

  constructor(options: TerminationsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#queue = new WorkQueue({
      clock,
      concurrency: CONCURRENCY,
      baseDelay: 100,
      maxDelay: 60_000,
    });
  }

  /** Takes note of a Pod that changed. */
  observe(key: string): void {
    const pod = this.#options.index.pods.get(key);
    if (pod && awaitsTermination(pod, this.#sidecarSets())) this.#queue.add(key);
  }

  /** Looks at every Pod: another process has looked after them until now. */
  observeAll(): void {
    for (const key of this.#options.index.pods.keys()) this.observe(key);
  }

  /** Looks at the Pods of a SidecarSet if its spec changed; most of its changes are of the status. */
  observeSidecarSet(name: string): void {
    const { pods, sidecarSets } = this.#options.index;
    const prepared = sidecarSets.get(name);
    const wish = prepared && wishOf(prepared);
    if (this.#wishes.get(name) === wish) return;
    if (wish === undefined) this.#wishes.delete(name);
    else this.#wishes.set(name, wish);
    for (const key of pods.classesOf(name).keys()) this.observe(key);
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.run((key) => this.#work(key, signal), signal);
  }

  /** Never throws: what fails is tried again. */
  async #work(key: string, signal: AbortSignal): Promise<Outcome> {
    if (!this.#options.isLeader() || signal.aborted) return {};
    try {
      await this.#terminate(key, signal);
      return {};
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError || isNotFound(error)) return {};
      if (isConflict(error)) return { requeueAfter: CONFLICT_DELAY };
      this.#options.logger.warn("Cannot end a Pod's sidecars; trying again", { pod: key, error });
      return { failed: true };
    }
  }

  async #terminate(key: string, signal: AbortSignal): Promise<void> {
    const { index, writer, clock, isVirtualNode, onStored, onTermination } = this.#options;
    const nodeName = index.pods.get(key)?.spec.nodeName ?? "";
    const virtualNode = nodeName !== "" && await isVirtualNode(nodeName, signal);
    const pod = index.pods.get(key);
    const decide = (state: Pod) =>
      decideTermination(state, { ...this.#sidecarSets(), virtualNode, now: clock.now() });
    const termination = pod && decide(pod);
    if (!termination) return;
    if (termination.kind === "Phase") {
      onStored(trimPod(await writer.patchPodStatus(pod, termination.patch, signal)));
    } else if (termination.kind === "Images") {
      const wanted = () => {
        const current = index.pods.get(podKey(pod));
        return current !== undefined && decide(current) !== undefined;
      };
      const stored = await writer.patchPod(pod, termination.patch, { signal, wanted });
      if (!stored) return;
      onStored(trimPod(stored));
    }
    onTermination?.(pod, termination);
  }

  #sidecarSets() {
    const { sidecarSets } = this.#options.index;
    return { sidecarSet: (name: string) => sidecarSets.get(name)?.sidecarSet };
  }
}

import type { Pod } from "../../api/pod.ts";
import { awaitsTermination, decideTermination, type Termination } from "../../core/cleanup/jobs.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { trimPod } from "../../index/trim.ts";
import { isNotFound } from "../../kube/errors.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { specKeyOf } from "../spec_key.ts";
import type { Writer } from "../writer.ts";

const CONCURRENCY = 16;

export interface TerminationsOptions extends LoopEnvironment {
  readonly index: ClusterIndex;
  readonly writer: Writer;
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
  readonly #loop: Loop;
  readonly #specKeys = new Map<string, string>();

  constructor(options: TerminationsOptions) {
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "termination",
      concurrency: CONCURRENCY,
      task: "end a Pod's sidecars",
      keyField: "pod",
      reconcile: (key, signal) => this.#terminate(key, signal),
    });
  }

  /** Takes note of a Pod that changed. */
  observe(key: string): void {
    const pod = this.#options.index.pods.get(key);
    if (pod && awaitsTermination(pod, this.#sidecarSets())) this.#loop.add(key);
  }

  /** Looks at every Pod: another process has looked after them until now. */
  observeAll(): void {
    for (const key of this.#options.index.pods.keys()) this.observe(key);
  }

  /** Looks at the Pods of a SidecarSet if its spec changed; most of its changes are of the status. */
  observeSidecarSet(name: string): void {
    const { injected, sidecarSets } = this.#options.index;
    const prepared = sidecarSets.get(name);
    const specKey = prepared && specKeyOf(prepared);
    if (this.#specKeys.get(name) === specKey) return;
    if (specKey === undefined) this.#specKeys.delete(name);
    else this.#specKeys.set(name, specKey);
    for (const key of injected.of(name)) this.observe(key);
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  async #terminate(key: string, signal: AbortSignal): Promise<undefined> {
    const { index, clock, isVirtualNode, onTermination } = this.#options;
    const nodeName = index.pods.get(key)?.spec.nodeName ?? "";
    const virtualNode = nodeName !== "" && await isVirtualNode(nodeName, signal);
    const pod = index.pods.get(key);
    const decide = (state: Pod) =>
      decideTermination(state, { ...this.#sidecarSets(), virtualNode, now: clock.now() });
    const termination = pod && decide(pod);
    if (!termination) return;
    const wanted = () => {
      const current = index.pods.get(podKey(pod));
      return current !== undefined && decide(current) !== undefined;
    };
    if (await this.#write(pod, termination, { wanted, signal })) onTermination?.(pod, termination);
  }

  /** @returns false where there is nothing left to write to */
  async #write(
    pod: Pod,
    termination: Termination,
    { wanted, signal }: { wanted: () => boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const { writer, onStored } = this.#options;
    if (termination.kind === "Impossible") return true;
    try {
      const stored = termination.kind === "Phase"
        ? await writer.patchPodStatus(pod, termination.patch, signal)
        : await writer.patchPod(pod, termination.patch, { signal, wanted });
      if (stored) onStored(trimPod(stored));
      return stored !== undefined;
    } catch (error) {
      // A deleted Pod has nothing left that could be ended.
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #sidecarSets() {
    const { sidecarSets } = this.#options.index;
    return { sidecarSet: (name: string) => sidecarSets.get(name)?.sidecarSet };
  }
}

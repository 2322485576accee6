import type { Clock } from "../../api/clock.ts";
import { TERMINATE_WITH_IMAGE_ENV } from "../../api/names.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import { awaitsTermination, decideTermination, type Termination } from "../../core/cleanup/jobs.ts";
import { TERMINATION_REASONS } from "../../core/reasons.ts";
import { forEachInSteps } from "../../core/steps.ts";
import type { Change, SidecarSetChange } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { projectPod } from "../../index/projection.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isNotFound } from "../../kube/errors.ts";
import { get } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { Events, Occurrence } from "../events.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { podReference, specKeyOf } from "../references.ts";
import { atOnce, type RunSteps } from "../steps.ts";
import type { Writer } from "../writer.ts";

const CONCURRENCY = 16;

interface TerminationControllerOptions extends LoopEnvironment {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  /** Whether a node is virtual; a missing one is not. Rejects with what the API server answers. */
  isVirtualNode(name: string, signal: AbortSignal): Promise<boolean>;
  readonly events: Pick<Events, "record">;
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
}

/** Ends the sidecars of Pods that run to completion once their main containers have ended. */
export class TerminationController {
  readonly #options: TerminationControllerOptions;
  readonly #loop: Loop;

  constructor(options: TerminationControllerOptions) {
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "termination",
      concurrency: CONCURRENCY,
      task: "end a Pod's sidecars",
      keyField: "pod",
      reconcile: (key, signal) => this.#terminate(key, signal),
    });
  }

  /** Maps a change to the Pods whose sidecars it may end. */
  observe(change: Change): void {
    if (change.kind === "pod") this.#observePod(change.key);
    if (change.kind === "sidecarset") this.#observeSidecarSet(change);
  }

  /** Requeues every Pod: this process has become the leader. */
  resync(): void {
    this.#observePods(this.#options.index.pods.keys());
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  #observePod(key: string): void {
    const pod = this.#options.index.pods.get(key);
    if (pod && awaitsTermination(pod, this.#sidecarSets())) this.#loop.add(key);
  }

  /** Requeues the Pods of a SidecarSet if its spec changed; most changes are of the status. */
  #observeSidecarSet({ name, before, after }: SidecarSetChange): void {
    if (specKeyOf(before) === specKeyOf(after)) return;
    this.#observePods(this.#options.index.injected.of(name));
  }

  #observePods(keys: Iterable<string>): void {
    const { runSteps = atOnce } = this.#options;
    this.#loop.start(() => runSteps(forEachInSteps(keys, (key) => this.#observePod(key))));
  }

  async #terminate(key: string, signal: AbortSignal): Promise<undefined> {
    const { index, clock, isVirtualNode, events } = this.#options;
    const nodeName = index.pods.get(key)?.spec.nodeName ?? "";
    const virtualNode = nodeName !== "" && await isVirtualNode(nodeName, signal);
    const pod = index.pods.get(key);
    const decide = (state: ObservedPod) =>
      decideTermination(state, { ...this.#sidecarSets(), virtualNode, now: clock.now() });
    const termination = pod && decide(pod);
    if (!termination) return;
    const isCurrent = () => {
      const current = index.pods.get(podKey(pod));
      return current !== undefined && decide(current) !== undefined;
    };
    if (!await this.#write(pod, termination, { isCurrent, signal })) return;
    const occurred = { regarding: podReference(pod), action: "Terminate" };
    events.record({ ...noteOf(termination), ...occurred });
  }

  /** @returns false where there is nothing left to write to */
  async #write(
    pod: ObservedPod,
    termination: Termination,
    { isCurrent, signal }: { isCurrent: () => boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const { writer, index } = this.#options;
    if (termination.kind === "Impossible") return true;
    try {
      const stored = termination.kind === "Phase"
        ? await writer.patchPodStatus(pod, termination.patch, signal)
        : await writer.patchPod(pod, termination.patch, { signal, isCurrent });
      if (stored) index.updatePod(projectPod(stored));
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

/** The event of sidecars that were ended, or cannot be. */
function noteOf(
  termination: Termination,
): Pick<Occurrence, "type" | "reason" | "note"> {
  switch (termination.kind) {
    case "Phase": {
      const { reason } = termination;
      const note = `Ended the sidecars because ${TERMINATION_REASONS[reason]}`;
      return { type: "Normal", reason, note };
    }
    case "Images":
      return {
        type: "Normal",
        reason: "SidecarTerminator",
        note: "Gave the sidecars the images that end, because all main containers have ended",
      };
    case "Impossible":
      return {
        type: "Warning",
        reason: "TerminationImageMissing",
        note: `Cannot end ${
          termination.containers.join(", ")
        } on a virtual node: name an image in ${TERMINATE_WITH_IMAGE_ENV}`,
      };
  }
}

/** The label of virtual-kubelet by which OpenKruise recognizes virtual nodes. */
const TYPE_LABEL = "type";
const VIRTUAL_TYPE = "virtual-kubelet";
/** A node keeps its type, but another node can get its name. */
const CACHE_TTL_MS = 600_000;
const MAX_CACHED_NODES = 10_000;

/** Reads on demand whether a node is virtual: nodes change too often to be watched for it. Answers are cached. */
export function createVirtualNodes(
  { client, clock }: { client: RestClient; clock: Clock },
): (name: string, signal: AbortSignal) => Promise<boolean> {
  const known = new Map<string, { isVirtual: boolean; until: number }>();
  return async (name, signal) => {
    const kept = known.get(name);
    if (kept && kept.until > clock.monotonic()) return kept.isVirtual;
    const isVirtual = await read(name, { client, signal });
    if (known.size >= MAX_CACHED_NODES) known.clear();
    known.set(name, { isVirtual, until: clock.monotonic() + CACHE_TTL_MS });
    return isVirtual;
  };
}

async function read(
  name: string,
  { client, signal }: { client: RestClient; signal: AbortSignal },
): Promise<boolean> {
  try {
    const { metadata } = await send(client, get(resources.nodes, { name }), signal);
    return metadata.labels?.[TYPE_LABEL] === VIRTUAL_TYPE;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

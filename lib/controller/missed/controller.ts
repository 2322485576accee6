import { isDeepStrictEqual } from "node:util";
import type { Pod } from "../../api/pod.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { ReplacementObstacle } from "../../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Reason } from "../../core/reasons.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { isNotFound } from "../../kube/errors.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";

/** In milliseconds: Pods that are missed together are looked at together. */
const GATHER = 500;
/** How many Pods are read from the API server at one look. */
const MOST_READ = 20;

export interface MissedPodsOptions extends LoopEnvironment {
  readonly index: ClusterIndex;
  /** The whole Pod from the API server. May reject with what it answers. */
  readPod(pod: Pod, signal: AbortSignal): Promise<Pod>;
  /** Why a Pod was missed by a SidecarSet. */
  reasonFor(pod: Pod, prepared: PreparedSidecarSet): ReplacementObstacle;
  /** Told when something else is known of a SidecarSet's missed Pods. */
  onChange(sidecarSet: string): void;
}

/** What is known of a SidecarSet's missed Pods. */
export interface MissedSummary {
  /** How many Pods were missed for which reason. */
  readonly byReason: ReadonlyMap<Reason, number>;
  /** The commonest reason, what it means, and one of its Pods. */
  readonly reason: Reason;
  readonly message: string;
  readonly example: string;
}

interface Finding extends ReplacementObstacle {
  readonly generation: number | undefined;
}

/** Finds out why Pods were missed. Pods of one workload are alike, so that one of them is read for all. */
export class MissedPods {
  readonly #options: MissedPodsOptions;
  readonly #loop: Loop;
  /** By SidecarSet, then by workload or Pod. */
  readonly #findings = new Map<string, Map<string, Finding>>();
  readonly #summaries = new Map<string, MissedSummary>();

  constructor(options: MissedPodsOptions) {
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "missed",
      concurrency: 1,
      baseDelayMs: 1_000,
      task: "find out why Pods were missed",
      keyField: "sidecarSet",
      reconcile: (name, signal) => this.#reconcile(name, signal),
    });
  }

  /**
   * What is known of a SidecarSet's missed Pods; undefined where there are none, or nothing is known yet, and on a follower: what it knew as the
   * leader is out of date.
   */
  summaryOf(sidecarSet: string): MissedSummary | undefined {
    return this.#options.isLeader() ? this.#summaries.get(sidecarSet) : undefined;
  }

  /** Takes note of SidecarSets for which anything changed, their Pods included. */
  observe(names: Iterable<string>): void {
    const { index } = this.#options;
    for (const name of names) {
      if (index.pods.countsOf(name).missedPods > 0 || this.#summaries.has(name)) {
        this.#loop.add(name, GATHER);
      }
    }
  }

  /** Looks at everything: another process has looked after it until now. */
  observeAll(): void {
    const named = [...this.#options.index.sidecarSets.values()].map(({ name }) => name);
    this.observe(new Set([...named, ...this.#summaries.keys()]));
  }

  /** The missed Pods of a SidecarSet. */
  *podsOf(sidecarSet: string): Iterable<Pod> {
    const { pods } = this.#options.index;
    if (pods.countsOf(sidecarSet).missedPods === 0) return;
    for (const [key, podClass] of pods.classesOf(sidecarSet)) {
      const pod = hasTrait(podClass, PodTrait.Missed) ? pods.get(key) : undefined;
      if (pod) yield pod;
    }
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { index } = this.#options;
    const prepared = index.sidecarSets.get(name);
    if (prepared === undefined || index.pods.countsOf(name).missedPods === 0) {
      this.#findings.delete(name);
      if (this.#summaries.delete(name)) this.#options.onChange(name);
      return undefined;
    }
    const isComplete = await this.#examine(prepared, signal);
    this.#summarise(name);
    return isComplete ? undefined : GATHER;
  }

  /** @returns whether a reason is known for every missed Pod */
  async #examine(prepared: PreparedSidecarSet, signal: AbortSignal): Promise<boolean> {
    const { readPod, reasonFor } = this.#options;
    const { generation } = prepared.sidecarSet.metadata;
    const known = this.#findings.get(prepared.name);
    const findings = new Map<string, Finding>();
    this.#findings.set(prepared.name, findings);
    let read = 0;
    for (const pod of [...this.podsOf(prepared.name)]) {
      const key = alike(pod);
      if (findings.has(key)) continue;
      const finding = known?.get(key);
      if (finding && finding.generation === generation) {
        findings.set(key, finding);
        continue;
      }
      if (read >= MOST_READ) return false;
      read++;
      try {
        findings.set(key, { ...reasonFor(await readPod(pod, signal), prepared), generation });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return true;
  }

  #summarise(name: string): void {
    const findings = this.#findings.get(name);
    const byReason = new Map<Reason, { pods: number; message: string; example: string }>();
    for (const pod of this.podsOf(name)) {
      const finding = findings?.get(alike(pod));
      if (!finding) continue;
      const { reason, message } = finding;
      const { pods = 0, example = podKey(pod) } = byReason.get(reason) ?? {};
      byReason.set(reason, { pods: pods + 1, message, example });
    }
    const [commonest] = [...byReason].sort(([, a], [, b]) => b.pods - a.pods);
    if (!commonest) return;
    const [reason, { message, example }] = commonest;
    const counts = new Map([...byReason].map(([each, { pods }]) => [each, pods]));
    const summary = { byReason: counts, reason, message, example };
    if (isDeepStrictEqual(this.#summaries.get(name), summary)) return;
    this.#summaries.set(name, summary);
    this.#options.onChange(name);
  }
}

/** Pods of one workload have one template; a bare Pod is like no other. */
function alike(pod: Pod): string {
  const { namespace, uid = "" } = pod.metadata;
  return `${namespace}/${controllerOf(pod)?.uid ?? uid}`;
}

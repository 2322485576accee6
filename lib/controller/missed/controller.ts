import type { Pod } from "../../api/pod.ts";
import { compareByName, type ObservedPod } from "../../core/observed_pod.ts";
import { isDeepStrictEqual } from "node:util";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Obstacle, Reason } from "../../core/reasons.ts";
import { missedCondition } from "../../core/status/conditions.ts";
import type { Change } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Events, Occurrence } from "../events.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { sidecarSetReference } from "../references.ts";
import { type MissedPod, MissedPodEvents } from "./pod_events.ts";

/** Collects Pods that are missed together. */
const BATCH_DELAY_MS = 500;
/** Pods read from the API server in one reconciliation. */
const MAX_READS = 20;

interface MissedControllerOptions extends LoopEnvironment {
  readonly index: ClusterIndex;
  /** The whole Pod from the API server. May reject with what it answers. */
  readPod(pod: ObservedPod, signal: AbortSignal): Promise<Pod>;
  /** Why a Pod was missed by a SidecarSet. */
  reasonFor(pod: Pod, prepared: PreparedSidecarSet): Obstacle;
  readonly events: Pick<Events, "record">;
}

/** What is known of a SidecarSet's missed Pods. */
interface MissedSummary {
  /** How many Pods were missed for which reason. */
  readonly byReason: ReadonlyMap<Reason, number>;
  /** The commonest reason, what it means, and one of its Pods. */
  readonly reason: Reason;
  readonly message: string;
  readonly example: string;
}

interface Finding extends Obstacle {
  readonly generation: number | undefined;
}

/** Finds out why Pods were missed. Pods of one workload are alike, so that one of them is read for all. */
export class MissedController {
  readonly #options: MissedControllerOptions;
  readonly #loop: Loop;
  /** By SidecarSet, then by workload or Pod. */
  readonly #findings = new Map<string, Map<string, Finding>>();
  readonly #summaries = new Map<string, MissedSummary>();
  readonly #podEvents: MissedPodEvents;

  constructor(options: MissedControllerOptions) {
    this.#options = options;
    this.#podEvents = new MissedPodEvents(options);
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
   * Why Pods of a SidecarSet were missed; undefined without missed Pods, before they are examined, and on a follower,
   * whose knowledge is outdated.
   */
  summaryOf(sidecarSet: string): MissedSummary | undefined {
    return this.#options.isLeader() ? this.#summaries.get(sidecarSet) : undefined;
  }

  /** Whether it is known why Pods of the SidecarSet were missed. */
  isExamined(sidecarSet: string): boolean {
    const { missedPods } = this.#options.index.pods.countsOf(sidecarSet);
    return missedPods === 0 || this.#summaries.has(sidecarSet);
  }

  /** Maps a change to the SidecarSets that have, or had, missed Pods. */
  observe(change: Change): void {
    for (const name of change.sidecarSets) this.#observe(name);
    if (change.kind === "sidecarset") this.#observe(change.name);
  }

  /** Requeues every SidecarSet: this process has become the leader, and others have led since it examined them. */
  resync(): void {
    const named = [...this.#options.index.sidecarSets.values()].map(({ name }) => name);
    for (const name of new Set([...named, ...this.#summaries.keys()])) this.#observe(name);
    this.#summaries.clear();
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { index } = this.#options;
    // Until its Pods are classified by the current state: then the index publishes a change that requeues it.
    if (index.pods.reclassification.defers(name)) return undefined;
    const prepared = index.sidecarSets.get(name);
    if (prepared === undefined || index.pods.countsOf(name).missedPods === 0) {
      this.#findings.delete(name);
      this.#podEvents.forget(name);
      if (this.#summaries.delete(name)) this.#publish(name);
      return undefined;
    }
    const isComplete = await this.#examine(prepared, signal);
    const isReported = !this.#summaries.has(name) && this.#isReported(prepared);
    // What an earlier leader has found says more than a part.
    if (isReported && !isComplete) return BATCH_DELAY_MS;
    this.#podEvents.report(prepared, this.#missedPods(name), { isReported });
    this.#summarise(prepared, { isReported });
    return isComplete ? undefined : BATCH_DELAY_MS;
  }

  /** @returns whether a reason is known for every missed Pod */
  async #examine(prepared: PreparedSidecarSet, signal: AbortSignal): Promise<boolean> {
    const { readPod, reasonFor } = this.#options;
    const { generation } = prepared.sidecarSet.metadata;
    const known = this.#findings.get(prepared.name);
    const findings = new Map<string, Finding>();
    this.#findings.set(prepared.name, findings);
    let read = 0;
    for (const [key, pod] of this.#examples(prepared.name)) {
      const finding = known?.get(key);
      if (finding && finding.generation === generation) {
        findings.set(key, finding);
        continue;
      }
      if (read >= MAX_READS) return false;
      read++;
      try {
        findings.set(key, { ...reasonFor(await readPod(pod, signal), prepared), generation });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return true;
  }

  /** The oldest missed Pod of each workload, so that a later one and a restart change no reason. */
  #examples(name: string): Map<string, ObservedPod> {
    const examples = new Map<string, ObservedPod>();
    for (const pod of this.#options.index.pods.missedOf(name)) {
      const key = alike(pod);
      const known = examples.get(key);
      if (known === undefined || compareByAge(pod, known) < 0) examples.set(key, pod);
    }
    return examples;
  }

  *#missedPods(name: string): Iterable<MissedPod> {
    const findings = this.#findings.get(name);
    for (const pod of this.#options.index.pods.missedOf(name)) {
      yield { pod, finding: findings?.get(alike(pod)) };
    }
  }

  /** Whether the status has these Pods with their reason, so that an earlier leader has written their events. */
  #isReported({ name, sidecarSet: { status } }: PreparedSidecarSet): boolean {
    const { missedPods } = this.#options.index.pods.countsOf(name);
    const condition = missedCondition(status);
    return status?.missedPods === missedPods && condition?.status === "True" &&
      condition.reason !== "PodsMissed";
  }

  /** @param isReported whether the event of this summary is written already */
  #summarise(prepared: PreparedSidecarSet, { isReported }: { isReported: boolean }): void {
    const { name } = prepared;
    const byReason = new Map<Reason, { pods: number; message: string; example: ObservedPod }>();
    for (const { pod, finding } of this.#missedPods(name)) {
      if (finding === undefined) continue;
      const { reason, message } = finding;
      const known = byReason.get(reason);
      const isFirst = known === undefined || compareByName(pod, known.example) < 0;
      const shown = isFirst ? { message, example: pod } : known;
      byReason.set(reason, { ...shown, pods: (known?.pods ?? 0) + 1 });
    }
    const [commonest] = [...byReason]
      .sort(([, a], [, b]) => b.pods - a.pods || compareByName(a.example, b.example));
    if (!commonest) return;
    const [reason, { message, example }] = commonest;
    const counts = new Map([...byReason].map(([each, { pods }]) => [each, pods]));
    const summary = { byReason: counts, reason, message, example: podKey(example) };
    if (isDeepStrictEqual(this.#summaries.get(name), summary)) return;
    this.#summaries.set(name, summary);
    this.#publish(name);
    if (!isReported) this.#options.events.record(occurrenceOf(prepared, summary));
  }

  #publish(name: string): void {
    this.#options.index.changes.publish({ kind: "finding", sidecarSets: [name] });
  }

  #observe(name: string): void {
    if (this.#options.index.pods.countsOf(name).missedPods > 0 || this.#summaries.has(name)) {
      this.#loop.add(name, BATCH_DELAY_MS);
    }
  }
}

/** Pods of one workload have one template; a bare Pod is like no other. */
function alike(pod: ObservedPod): string {
  const { namespace, uid = "" } = pod.metadata;
  return `${namespace}/${controllerOf(pod)?.uid ?? uid}`;
}

/** RFC 3339 times in UTC sort as strings. */
function compareByAge(a: ObservedPod, b: ObservedPod): number {
  const [one = "", other = ""] = [a, b].map(({ metadata }) => metadata.creationTimestamp);
  return one === other ? compareByName(a, b) : one < other ? -1 : 1;
}

/** The event of Pods that were created without their sidecars. */
function occurrenceOf(prepared: PreparedSidecarSet, summary: MissedSummary): Occurrence {
  const { reason, message, example, byReason } = summary;
  const count = [...byReason.values()].reduce((a, b) => a + b, 0);
  return {
    regarding: sidecarSetReference(prepared),
    type: "Warning",
    reason,
    action: "Inject",
    note: `${count} ${
      count === 1 ? "Pod was" : "Pods were"
    } missed, for example ${example}: ${message}`,
  };
}

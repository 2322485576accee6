import { isDeepStrictEqual } from "node:util";
import type { ObjectReference, Workload } from "../../api/objects.ts";
import { Multimap } from "../../core/multimap.ts";
import { type FailedCreate, mayBlameSidecars } from "../../core/refused/message.ts";
import { mayExist, missingPods, refusableKind } from "../../core/refused/workload.ts";
import { refusalSentence, type RefusalSummary } from "../../core/status/facts.ts";
import { missedCondition } from "../../core/status/conditions.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Events } from "../events.ts";
import { MAX_EXAMINATION_MS } from "../leadership.ts";
import { Limiter } from "../limiter.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { sidecarSetReference } from "../references.ts";

/** A workload that cannot create Pods retries often at first. */
const BATCH_DELAY_MS = 1_000;
/** Of a workload that has been refused Pods. */
const RESYNC_INTERVAL_MS = 10_000;
/** Each check is a read; bounded for clusters with many failing workloads. */
const READS_PER_SECOND = 20;

/** How workloads are read whose Pods are refused, and which SidecarSets are to blame. */
export interface RefusedPodsOptions extends LoopEnvironment {
  /** May reject with what the API server answers. */
  readWorkload(workload: ObjectReference, signal: AbortSignal): Promise<Workload>;
  /** The SidecarSets that a workload's Pods are refused for. */
  blame(workload: Workload, failed: FailedCreate): readonly string[];
  readonly index: Pick<ClusterIndex, "sidecarSets" | "changes">;
  readonly events: Pick<Events, "record">;
}

/** What is left to be done before this process knows what an earlier leader has reported. */
interface Examination {
  isListed: boolean;
  /** uids of workloads. */
  readonly unjudged: Set<string>;
  /** Monotonic. */
  readonly until: number;
}

interface Known {
  failed: FailedCreate;
  /** The last refusal that was judged, and the SidecarSets that caused it. */
  judged: { readonly failed: FailedCreate; readonly blamed: readonly string[] } | undefined;
}

/**
 * Workloads that cannot create Pods because of a sidecar. There is no Pod to count: the sources are the event of the
 * workload's controller, and whether the workload still lacks Pods.
 */
export class RefusedPods {
  readonly #options: RefusedPodsOptions;
  readonly #loop: Loop;
  readonly #reads: Limiter;
  /** By the workload's uid. */
  readonly #workloads = new Map<string, Known>();
  /** By SidecarSet, the uids of workloads in the order in which they were found. */
  readonly #blamed = new Multimap();
  #examination: Examination | undefined;

  constructor(options: RefusedPodsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#loop = new Loop(options, {
      controller: "refused",
      concurrency: 1,
      baseDelayMs: 1_000,
      task: "find out why a workload was refused Pods",
      keyField: "workload",
      reconcile: (uid, signal) => this.#reconcile(uid, signal),
    });
    this.#reads = new Limiter({ clock, maxInFlight: 1, perSecond: READS_PER_SECOND });
  }

  /** The workloads that lack Pods because of a SidecarSet; undefined if there are none, or not all are known yet. */
  summaryOf(sidecarSet: string): RefusalSummary | undefined {
    const uids = this.#blamed.get(sidecarSet);
    if (uids === undefined || this.#examination !== undefined) return undefined;
    let first: { readonly example: string; readonly text: string } | undefined;
    for (const uid of uids) {
      const failed = this.#workloads.get(uid)?.judged?.failed;
      if (failed === undefined) continue;
      const example = nameOf(failed.workload);
      // The same example whatever the order in which they were found.
      if (first === undefined || example < first.example) first = { example, text: failed.text };
    }
    return first && { workloads: uids.size, ...first };
  }

  /** Whether what an earlier leader has reported for a SidecarSet was examined again. */
  isExamined(sidecarSet: string): boolean {
    return this.#examination === undefined || !this.#isReported(sidecarSet);
  }

  /** Begins to examine what an earlier leader has reported; {@linkcode observe} is called for all refusals next. */
  begin(): void {
    const until = this.#options.clock.monotonic() + MAX_EXAMINATION_MS;
    this.#examination = { isListed: false, unjudged: new Set(), until };
  }

  /** All refusals that are stored were observed. */
  listed(): void {
    if (this.#examination === undefined) return;
    this.#examination.isListed = true;
    this.#endExamination();
  }

  /** Records a workload that was refused a Pod; the last refusal counts. */
  observe(failed: FailedCreate): void {
    const { uid = "" } = failed.workload;
    const known = this.#workloads.get(uid);
    if (known === undefined) {
      if (!mayBlameSidecars(failed.text) || !mayExist(failed.workload)) return;
      this.#workloads.set(uid, { failed, judged: undefined });
      this.#examination?.unjudged.add(uid);
    } else {
      if (known.failed.at > failed.at) return;
      known.failed = failed;
    }
    this.#loop.add(uid, BATCH_DELAY_MS);
  }

  /** Drops all state: this process is no longer responsible. */
  forgetAll(): void {
    this.#examination = undefined;
    for (const [uid, { failed }] of [...this.#workloads]) {
      this.#settle(uid, { failed, blamed: [] });
      this.#loop.forget(uid);
    }
  }

  /** Works until the signal is aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  async #reconcile(uid: string, signal: AbortSignal): Promise<number | undefined> {
    const { failed } = this.#workloads.get(uid) ?? {};
    this.#endExamination();
    if (failed === undefined) return undefined;
    const blamed = await this.#judge(failed, signal);
    // Another refusal has come meanwhile, or everything was forgotten.
    if (this.#workloads.get(uid)?.failed !== failed) return undefined;
    this.#settle(uid, { failed, blamed });
    return blamed.length === 0 ? undefined : RESYNC_INTERVAL_MS;
  }

  /** @returns the SidecarSets because of which the workload still lacks Pods */
  async #judge(failed: FailedCreate, signal: AbortSignal): Promise<readonly string[]> {
    const kind = refusableKind(failed.workload);
    if (kind === undefined) return [];
    try {
      const workload = await this.#reads.run(
        () => this.#options.readWorkload(failed.workload, signal),
        signal,
      );
      if (workload === undefined || workload.metadata.uid !== failed.workload.uid) return [];
      return missingPods(workload, kind) === 0 ? [] : this.#options.blame(workload, failed);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  #settle(uid: string, judged: NonNullable<Known["judged"]>): void {
    const known = this.#workloads.get(uid);
    if (known === undefined) return;
    const { blamed } = judged;
    const blamedBefore = known.judged?.blamed ?? [];
    const before = new Map(
      [...blamedBefore, ...blamed].map((name) => [name, this.summaryOf(name)]),
    );
    known.judged = judged;
    for (const name of blamedBefore) {
      if (!blamed.includes(name)) this.#blamed.delete(name, uid);
    }
    for (const name of blamed) this.#blamed.add(name, uid);
    if (blamed.length === 0) this.#workloads.delete(uid);
    for (const [name, summary] of before) {
      if (!isDeepStrictEqual(summary, this.summaryOf(name))) this.#publish(name);
    }
    this.#examination?.unjudged.delete(uid);
    this.#endExamination();
  }

  #publish(name: string): void {
    const { index, events } = this.#options;
    index.changes.publish({ kind: "finding", sidecarSets: [name] });
    const prepared = index.sidecarSets.get(name);
    const summary = this.summaryOf(name);
    if (!prepared || !summary) return;
    const note = refusalSentence(summary);
    // An earlier leader has written the event.
    if (missedCondition(prepared.sidecarSet.status)?.message.includes(note)) return;
    events.record({
      regarding: sidecarSetReference(prepared),
      type: "Warning",
      reason: "PodRefused",
      action: "Inject",
      note,
    });
  }

  /** Publishes what was found together: an event for each workload would repeat those of the earlier leader. */
  #endExamination(): void {
    if (this.#examination === undefined) return;
    const { isListed, unjudged, until } = this.#examination;
    const isDone = isListed && unjudged.size === 0;
    if (!isDone && this.#options.clock.monotonic() < until) return;
    this.#examination = undefined;
    const names = [...this.#options.index.sidecarSets.values()].map(({ name }) => name);
    const reported = names.filter((name) => this.#isReported(name));
    for (const name of new Set([...reported, ...this.#blamed.keys()])) this.#publish(name);
  }

  #isReported(sidecarSet: string): boolean {
    const { status } = this.#options.index.sidecarSets.get(sidecarSet)?.sidecarSet ?? {};
    return missedCondition(status)?.status === "True";
  }
}

function nameOf({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace}/${name}`;
}

import type { Clock } from "../../api/clock.ts";
import type { ControllerRevision } from "../../api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { historyLimit, planRevisions, type RevisionAction } from "../../core/revision/plan.ts";
import { ownsRevision } from "../../core/revision/controller_revision.ts";
import { recordOf } from "../../core/status/record.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { isAlreadyExists } from "../../kube/errors.ts";
import { atOnce, type RunSteps } from "../steps.ts";
import type { Writer } from "../writer.ts";

/** What revisions are read from and written to; all live in one namespace. */
export interface RevisionsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  /** The controller's namespace, where revisions are kept. */
  readonly namespace: string;
  /** Revisions that another controller has left elsewhere; undefined while they may not be read. */
  retainedRevisions(signal: AbortSignal): Promise<readonly ControllerRevision[] | undefined>;
  /** Runs long computations. @default at once */
  readonly runSteps?: RunSteps;
}

/** A state without differences to the desired one. */
interface Settled {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly customVersion: string | undefined;
  /** The index's list, which is another one after each change. */
  readonly stored: readonly ControllerRevision[];
  /** On the clock that only grows. */
  readonly at: number;
}

/** How often the revisions in use are read from all Pods; it matters only beyond the history limit. */
const IN_USE_INTERVAL_MS = 5_000;

/** Reconciles the ControllerRevisions of each SidecarSet. */
export class Revisions {
  readonly #options: RevisionsOptions;
  /** By SidecarSet, so that a Pod event does not compare revisions. */
  readonly #settled = new Map<string, Settled>();
  /** SidecarSets whose revisions of OpenKruise were not all copied, because of an error. */
  readonly #incomplete = new Set<string>();
  #isApplying = false;

  constructor(options: RevisionsOptions) {
    this.#options = options;
  }

  /** Whether the index publishes what this object has just written; its reconciliation goes on with it. */
  get isApplying(): boolean {
    return this.#isApplying;
  }

  forget(name: string): void {
    this.#settled.delete(name);
    this.#incomplete.delete(name);
  }

  /**
   * Creates, renumbers, relabels and deletes revisions as needed.
   *
   * @returns the collision count to put into the status
   */
  async register(prepared: PreparedSidecarSet, signal: AbortSignal): Promise<number> {
    const { index, namespace, clock, runSteps = atOnce } = this.#options;
    const { name, sidecarSet: { metadata, status } } = prepared;
    if (index.revisions.of(name).length === 0 || this.#incomplete.has(name)) {
      await this.#takeOver(prepared, signal);
    }
    const stored = index.revisions.of(name);
    const collisionCount = status?.collisionCount ?? 0;
    const { uid, generation, labels } = metadata;
    const customVersion = labels?.[CUSTOM_VERSION_LABEL];
    const settled = this.#settled.get(name);
    const isSettled = settled !== undefined && settled.stored === stored && settled.uid === uid &&
      settled.generation === generation && settled.customVersion === customVersion;
    if (isSettled && !this.#mayHaveRoom(settled, prepared)) return collisionCount;
    const { reclassification } = index.pods;
    const wasClassified = !reclassification.isPending(name);
    // Only a full history is read from all Pods.
    const isFull = stored.length >= historyLimit(prepared);
    const plan = planRevisions({
      prepared,
      stored,
      inUse: isFull ? await runSteps(this.#inUse(name)) : new Set(),
      collisionCount,
      namespace,
    });
    // Until Pods are classified, revisions that they use seem unused; the last of them requeues the SidecarSet.
    const isClassified = wasClassified && !reclassification.isPending(name);
    for (const action of plan.actions) {
      if (action.type === "delete" && !isClassified) continue;
      if (!await this.#perform(action, signal)) return plan.collisionCount + 1;
    }
    if (plan.actions.length === 0 && isClassified) {
      this.#settled.set(name, { uid, generation, customVersion, stored, at: clock.monotonic() });
    }
    return plan.collisionCount;
  }

  /** Whether revisions beyond the limit may have become unused since. */
  #mayHaveRoom(
    { at }: Settled,
    prepared: PreparedSidecarSet,
  ): boolean {
    const { index, clock } = this.#options;
    return index.revisions.of(prepared.name).length > historyLimit(prepared) &&
      clock.monotonic() - at >= IN_USE_INTERVAL_MS;
  }

  /** Copies the revisions of a SidecarSet that has none here, so that Pods which are pinned to one keep it. */
  async #takeOver({ name, sidecarSet }: PreparedSidecarSet, signal: AbortSignal): Promise<void> {
    const { namespace, retainedRevisions } = this.#options;
    this.#incomplete.add(name);
    const revisions = await retainedRevisions(signal);
    if (!revisions) return;
    for (const revision of revisions) {
      if (!ownsRevision(sidecarSet, revision)) continue;
      const { uid: _, resourceVersion: __, managedFields: ___, ...metadata } = revision.metadata;
      const copy = { ...revision, metadata: { ...metadata, namespace } };
      await this.#perform({ type: "create", revision: copy }, signal);
    }
    this.#incomplete.delete(name);
  }

  /** @returns false if another object has the name of a revision to create */
  async #perform(action: RevisionAction, signal: AbortSignal): Promise<boolean> {
    const { writer, index } = this.#options;
    switch (action.type) {
      case "create":
        try {
          this.#apply(await writer.createRevision(action.revision, signal));
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
          return false;
        }
        return true;
      case "change":
        this.#apply(await writer.changeRevision(action.stored, action, signal));
        return true;
      case "delete":
        await writer.deleteRevision(action.stored, signal);
        index.deleteRevision(action.stored.metadata.name ?? "");
        return true;
    }
  }

  #apply(stored: ControllerRevision): void {
    this.#isApplying = true;
    try {
      this.#options.index.applyRevision(stored);
    } finally {
      this.#isApplying = false;
    }
  }

  *#inUse(name: string): Steps<Set<string>> {
    const used = new Set<string>();
    yield* forEachInSteps(this.#options.index.pods.matchedOf(name), (pod) => {
      const revision = recordOf(pod, name).full?.controllerRevision;
      if (revision) used.add(revision);
    });
    return used;
  }
}

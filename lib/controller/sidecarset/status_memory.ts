import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../api/clock.ts";
import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { PodCounts } from "../../core/status/pod_class.ts";
import { storedProgress } from "../../core/status/next_status.ts";
import { RepairBackoff } from "../repair_backoff.ts";

/** What was written, where the API server has not kept all of it. */
export interface Pruned {
  readonly written: SidecarSetStatus;
  /** Of what was kept. */
  readonly resourceVersion: string | undefined;
  readonly definitions: number;
}

/** State of one SidecarSet's status between reconciliations. */
export class StatusMemory {
  /** Of the SidecarSet. */
  readonly uid: string | undefined;
  /** When this process first saw the SidecarSet; monotonic. */
  readonly since: number;
  writtenAt = -Infinity;
  /** What was last sent to the API server. */
  written: SidecarSetStatus | undefined;
  /** Writes that have failed since one that did not. */
  failures = 0;
  /** The status that events last reported. */
  reported: SidecarSetStatus | undefined;
  pruned: Pruned | undefined;
  /** What the API server has kept of what was last written. */
  kept: Readonly<Record<string, unknown>> | undefined;
  /** When a roll-out last went on; RFC 3339. */
  #progressAt: string;
  /** Of the SidecarSet, then; the numbers that grow as a roll-out goes on. */
  #generation: number | undefined;
  #updatedPods: number;
  #updatedReadyPods: number;
  readonly #clock: Clock;
  #repairs: RepairBackoff | undefined;

  constructor(
    prepared: PreparedSidecarSet,
    { counts, clock }: { counts: PodCounts; clock: Clock },
  ) {
    const { sidecarSet: { metadata, status } } = prepared;
    this.uid = metadata.uid;
    this.since = clock.monotonic();
    this.#clock = clock;
    this.#generation = metadata.generation;
    this.#updatedPods = counts.updatedPods;
    this.#updatedReadyPods = counts.updatedReadyPods;
    this.#progressAt = storedProgress(status, {
      generation: metadata.generation ?? 0,
      counts,
      deadlineSeconds: progressDeadlineOf(prepared),
    }) ?? clock.now().toISOString();
  }

  /** Of this SidecarSet; few are ever overwritten by other clients. */
  get repairs(): RepairBackoff {
    return this.#repairs ??= new RepairBackoff(this.#clock);
  }

  /**
   * Refers to the index's copy of what was written and kept, where it is equal, so that thousands of statuses are in
   * memory once.
   */
  shareWith(indexed: SidecarSetStatus | undefined): void {
    if (!isDeepStrictEqual(this.written, indexed)) return;
    if (this.reported === this.written) this.reported = indexed;
    this.written = indexed;
    if (isDeepStrictEqual(this.kept, indexed)) this.kept = indexed;
  }

  /** Records the progress of a roll-out. @returns when it last progressed, in RFC 3339 */
  progressAt(
    { sidecarSet: { metadata: { generation } } }: PreparedSidecarSet,
    { counts: { updatedPods, updatedReadyPods }, now }: { counts: PodCounts; now: Date },
  ): string {
    const isSame = generation === this.#generation && updatedPods === this.#updatedPods &&
      updatedReadyPods === this.#updatedReadyPods;
    if (!isSame) {
      this.#generation = generation;
      this.#updatedPods = updatedPods;
      this.#updatedReadyPods = updatedReadyPods;
      this.#progressAt = now.toISOString();
    }
    return this.#progressAt;
  }
}

/**
 * Seconds without progress after which a roll-out has failed, as in a Deployment.
 *
 * @returns `progressDeadlineSeconds`; 600 by default
 */
export function progressDeadlineOf({ sidecarSet: { spec } }: PreparedSidecarSet): number {
  return spec.updateStrategy?.progressDeadlineSeconds ?? 600;
}

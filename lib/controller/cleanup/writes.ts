import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { CleanupWrite } from "../../core/cleanup/plan.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { projectPod } from "../../index/projection.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import type { Cleanup } from "./state.ts";
import { NotLeaderError, type Writer } from "../writer.ts";

/** The watch soon brings the newer state. */
const CONFLICT_DELAY_MS = 500;

export interface CleanupWritesOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a write was decided for. */
export interface CleanupWork {
  readonly cleanup: Cleanup;
  readonly sidecarSet: string;
  readonly current: PreparedSidecarSet | undefined;
  readonly write: CleanupWrite;
}

/** Writes Pods for clean-ups, concurrently. */
export class CleanupWrites {
  readonly #options: CleanupWritesOptions;

  constructor(options: CleanupWritesOptions) {
    this.#options = options;
  }

  /** Never rejects: a failure is recorded with the clean-up. */
  async run(work: CleanupWork, signal: AbortSignal): Promise<void> {
    const { pending } = work.cleanup;
    const { uid = "" } = work.write.pod.metadata;
    pending.add(uid);
    try {
      await this.#write(work, signal);
    } finally {
      pending.delete(uid);
    }
  }

  async #write(work: CleanupWork, signal: AbortSignal): Promise<void> {
    const { writer, index, logger, clock } = this.#options;
    const { sidecarSet, current, cleanup: { failures }, write: { pod, patch, kind } } = work;
    const { uid = "" } = pod.metadata;
    const wanted = () => isSame(index.sidecarSets.get(sidecarSet), current);
    try {
      const stored = await writer.patchPod(pod, patch, { signal, wanted });
      if (!stored) return;
      failures.forget(uid);
      index.updatePod(projectPod(stored));
      logger.debug("Cleaned up a Pod", { sidecarSet, pod: podKey(pod), kind });
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError || isNotFound(error)) return;
      if (isConflict(error)) return await clock.sleep(CONFLICT_DELAY_MS, signal);
      const message = error instanceof Error ? error.message : String(error);
      const group = controllerOf(pod)?.uid;
      failures.record(uid, {
        error,
        message: `Pod ${podKey(pod)}: ${message}`,
        ...(group === undefined ? {} : { group }),
      });
      logger.debug("Cannot clean up a Pod", { sidecarSet, pod: podKey(pod), error });
    }
  }
}

function isSame(a: PreparedSidecarSet | undefined, b: PreparedSidecarSet | undefined): boolean {
  return a?.sidecarSet.metadata.uid === b?.sidecarSet.metadata.uid &&
    a?.sidecarSet.metadata.generation === b?.sidecarSet.metadata.generation;
}

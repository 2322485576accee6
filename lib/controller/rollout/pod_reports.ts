import type { Pod } from "../../api/pod.ts";
import type { Clock } from "../../api/clock.ts";
import { rfc3339 } from "../../api/meta.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import { upgradableCondition } from "../../core/rollout/upgradable.ts";
import { STORED_IMAGES_ANNOTATION } from "../../core/annotations/image_records.ts";
import { storedImagesRecord } from "../../core/status/drift.ts";
import { recordOf } from "../../core/status/record.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { projectPod } from "../../index/projection.ts";
import { isConflict, isServerFault } from "../../kube/errors.ts";
import type { Writer } from "../writer.ts";

/** Attempts after faults of the API server, and conflicts that are retried without a pause. */
const MAX_ATTEMPTS = 5;
/** Attempts after conflicts; a Pod that is up to date is not reconciled again. */
const MAX_CONFLICTS = 25;
/** Pause before the first delayed attempt; grows with each. */
const PAUSE_MS = 200;

interface PodReportsOptions {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly index: Pick<ClusterIndex, "sidecarSets" | "pods" | "updatePod">;
  /** The Pod as the API server has it now. */
  readPod(pod: ObservedPod, signal: AbortSignal): Promise<Pod>;
}

/** One SidecarSet's entry of the condition `SidecarSetUpgradable`. */
export interface UpgradableReport {
  readonly sidecarSet: string;
  /** Undefined removes the entry. */
  readonly upgradable: boolean | undefined;
}

/** Images of a SidecarSet's containers that other webhooks rewrote. */
interface RewrittenImages {
  readonly sidecarSet: string;
  /** By container. */
  readonly images: ReadonlyMap<string, string>;
}

/**
 * Writes conditions and annotations of the controller into Pods. Each report merges with what other clients wrote, so
 * it is made for exactly one state of the Pod, and again for the newer state after a conflict.
 */
export class PodReports {
  readonly #options: PodReportsOptions;

  constructor(options: PodReportsOptions) {
    this.#options = options;
  }

  /** Resolves to the newest known state of the Pod; rejects with what the API server answers. */
  setUpgradable(
    pod: ObservedPod,
    report: UpgradableReport,
    signal: AbortSignal,
  ): Promise<ObservedPod> {
    const { writer, clock, index: { sidecarSets } } = this.#options;
    return this.#report(pod, async (state) => {
      const condition = upgradableCondition(state, {
        sidecarSetName: report.sidecarSet,
        upgradable: report.upgradable,
        now: rfc3339(clock.now()),
        exists: (name) => sidecarSets.get(name) !== undefined,
      });
      if (condition === undefined) return undefined;
      const { uid, resourceVersion } = state.metadata;
      const body = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } };
      return await writer.patchPodStatus(state, body, signal);
    }, signal);
  }

  /**
   * Records images that webhooks have rewritten, for as long as the Pod has the revision that they were rewritten at.
   */
  recordImages(
    pod: ObservedPod,
    { images, sidecarSet }: RewrittenImages,
    signal: AbortSignal,
  ): Promise<ObservedPod> {
    const { full: rewrittenAt } = recordOf(pod, sidecarSet);
    return this.#report(pod, async (state) => {
      if (recordOf(state, sidecarSet).full?.hash !== rewrittenAt?.hash) return undefined;
      const record = storedImagesRecord(state, images);
      if (record === undefined) return undefined;
      const { uid, resourceVersion } = state.metadata;
      const annotations = { [STORED_IMAGES_ANNOTATION]: record };
      const body = { metadata: { uid, resourceVersion, annotations } };
      return await this.#options.writer.patchPod(state, body, { signal, isCurrent: () => true });
    }, signal);
  }

  /** @param write resolves to the Pod as stored, or to undefined where there is nothing to write */
  async #report(
    pod: ObservedPod,
    write: (state: ObservedPod) => Promise<Pod | undefined>,
    signal: AbortSignal,
  ): Promise<ObservedPod> {
    const { index, clock } = this.#options;
    let state: ObservedPod = pod;
    for (let attempt = 1;; attempt++) {
      try {
        const stored = await write(state);
        if (stored === undefined) return state;
        const projected = projectPod(stored);
        index.updatePod(projected);
        return projected;
      } catch (error) {
        const most = isConflict(error) ? MAX_CONFLICTS : isServerFault(error) ? MAX_ATTEMPTS : 0;
        if (attempt >= most || signal.aborted) throw error;
        const isAtOnce = isConflict(error) && attempt < MAX_ATTEMPTS;
        if (!isAtOnce) await clock.sleep(PAUSE_MS * Math.min(attempt, MAX_ATTEMPTS), signal);
        state = await this.#newer(state, signal);
        if (state.metadata.uid !== pod.metadata.uid) return pod;
      }
    }
  }

  /** The watch may have brought the newer state already. */
  async #newer(state: ObservedPod, signal: AbortSignal): Promise<ObservedPod> {
    const { index, readPod } = this.#options;
    const known = index.pods.get(podKey(state));
    const isNewer = known !== undefined &&
      Number(known.metadata.resourceVersion) > Number(state.metadata.resourceVersion);
    return isNewer ? known : projectPod(await readPod(state, signal));
  }
}

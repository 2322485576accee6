import type { Pod } from "../../api/pod.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { PodUpdate } from "../../core/rollout/pod_update.ts";
import { assessImages, rewrittenImages } from "../../core/status/drift.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { podKey } from "../../index/pods.ts";
import { projectPod } from "../../index/projection.ts";
import { applyRefusedResize } from "../../index/refused_resizes.ts";
import { infeasibleResizeOf, isConflict, isNotFound, isServerFault } from "../../kube/errors.ts";
import type { Events } from "../events.ts";
import { PodReports, type UpgradableReport } from "./pod_reports.ts";
import { podReference, specKeyOf } from "../references.ts";
import type { Rollout } from "./state.ts";
import { NotLeaderError } from "../leadership.ts";
import type { Writer } from "../writer.ts";

/** What roll-outs read and write. */
export interface RolloutWritesOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<Events, "record">;
  /** The Pod as the API server has it now. */
  readPod(pod: ObservedPod, signal: AbortSignal): Promise<Pod>;
  /** Runs a write that no reconciliation waits for. */
  start(write: () => Promise<void>): void;
  /** Called when a write has ended, so that the SidecarSet is planned for again or its plan continued. */
  onProgress(sidecarSet: string): void;
}

interface UpdateOf {
  readonly prepared: PreparedSidecarSet;
  readonly update: PodUpdate;
  readonly signal: AbortSignal;
}

interface Failure {
  readonly sidecarSet: string;
  readonly pod: ObservedPod;
  readonly action: string;
  readonly error: unknown;
  readonly message: string;
}

/** What an event calls a write that leaves the Pod's containers as they are. */
const REPORT = "Report";

/** The writes of all roll-outs. A failed one is recorded with its roll-out and delays its Pod alone. */
export class RolloutWrites {
  readonly #options: RolloutWritesOptions;
  readonly #reports: PodReports;

  constructor(options: RolloutWritesOptions) {
    this.#options = options;
    this.#reports = new PodReports(options);
  }

  /** Starts an upgrade, a flip or a repair of a Pod, then records images that other webhooks rewrote in it. */
  update(rollout: Rollout, { prepared, update, signal }: UpdateOf): void {
    const { name, namespace, uid, patch } = update;
    // A report to this Pod is under way, after which it is planned for again.
    if (rollout.isUnderWay(uid)) return;
    const { resourceVersion } = patch.metadata;
    const pod: ObservedPod = {
      metadata: { name, namespace, uid, ...(resourceVersion ? { resourceVersion } : {}) },
      spec: { containers: [] },
    };
    const sidecarSet = prepared.name;
    this.#start(rollout, { sidecarSet, pod, action: update.kind }, async () => {
      const stored = await this.#patch(pod, { prepared, update, signal });
      if (stored === undefined) return;
      rollout.failures.forget(uid);
      rollout.noteUpdate(stored);
      const images = rewrittenImages(stored, prepared);
      await this.#reports.recordImages(stored, { sidecarSet, images }, signal);
    });
  }

  setUpgradable(
    rollout: Rollout,
    { pod, report, signal }: { pod: ObservedPod; report: UpgradableReport; signal: AbortSignal },
  ): void {
    this.#start(rollout, { sidecarSet: report.sidecarSet, pod, action: REPORT }, async () => {
      await this.#reports.setUpgradable(pod, report, signal);
      rollout.failures.forget(pod.metadata.uid ?? "");
    });
  }

  recordImages(
    rollout: Rollout,
    { pod, prepared, signal }: {
      pod: ObservedPod;
      prepared: PreparedSidecarSet;
      signal: AbortSignal;
    },
  ): void {
    this.#start(rollout, { sidecarSet: prepared.name, pod, action: REPORT }, async () => {
      const { rewritten: images } = assessImages(pod, prepared);
      await this.#reports.recordImages(pod, { sidecarSet: prepared.name, images }, signal);
      rollout.failures.forget(pod.metadata.uid ?? "");
    });
  }

  /**
   * Sends the patches of an update. If another client changes the Pod between two, the Pod is planned for again, and
   * only the second is sent then.
   *
   * @returns undefined if the update no longer applies when its turn comes
   */
  async #patch(
    pod: ObservedPod,
    { prepared, update, signal }: UpdateOf,
  ): Promise<ObservedPod | undefined> {
    const { events } = this.#options;
    const send = async (state: ObservedPod, body: object, subresource?: "resize") =>
      await this.#send(state, { prepared, body, signal, ...(subresource ? { subresource } : {}) });
    const { resize, patch } = update;
    const resized = resize === undefined
      ? pod
      : await send(pod, resize, "resize").catch((error) => this.#refused(pod, prepared, error));
    if (resized === undefined) return undefined;
    const { resourceVersion } = resized.metadata;
    const metadata = { ...patch.metadata, ...(resourceVersion ? { resourceVersion } : {}) };
    const projected = await send(resized, { ...patch, metadata });
    if (projected === undefined) return undefined;
    if (update.kind === "Flip") {
      events.record({
        regarding: podReference(pod),
        type: "Normal",
        reason: "ResetContainerSucceed",
        action: "Flip",
        note: `SidecarSet ${prepared.name}: the old half of each hot-upgrade pair is empty again`,
      });
    }
    return projected;
  }

  /** Makes the Pod not upgradable if the API server refuses its resize for good; rejects with any other error. */
  #refused(pod: ObservedPod, prepared: PreparedSidecarSet, error: unknown): undefined {
    const message = infeasibleResizeOf(error);
    if (message === undefined) throw error;
    applyRefusedResize(this.#options.index, { pod, prepared, message });
    this.#report({
      sidecarSet: prepared.name,
      pod,
      action: "Resize",
      error,
      message: `the API server refuses the resize: ${message}`,
    });
  }

  /** Sends one patch, if the SidecarSet and the Pod are still those that it was planned for. */
  async #send(
    pod: ObservedPod,
    { prepared, body, signal, subresource }: {
      prepared: PreparedSidecarSet;
      body: object;
      signal: AbortSignal;
      subresource?: "resize";
    },
  ): Promise<ObservedPod | undefined> {
    const { writer, index } = this.#options;
    const isCurrent = () =>
      hasSameSpec(index.sidecarSets.get(prepared.name), prepared) &&
      isSameState(index.pods.get(podKey(pod)), pod) &&
      // Its namespace may have left the selection since.
      hasTrait(index.pods.classesOf(prepared.name).get(podKey(pod)) ?? 0, PodTrait.Matched);
    const options = { signal, isCurrent, ...(subresource ? { subresource } : {}) };
    const stored = await writer.patchPod(pod, body, options);
    if (stored === undefined) return undefined;
    const projected = projectPod(stored);
    index.updatePod(projected);
    return projected;
  }

  #start(
    rollout: Rollout,
    { sidecarSet, pod, action }: { sidecarSet: string; pod: ObservedPod; action: string },
    work: () => Promise<void>,
  ): void {
    const { start, onProgress } = this.#options;
    const { uid = "" } = pod.metadata;
    start(async () => {
      await rollout.run({ uid, key: podKey(pod), restarts: action !== REPORT }, async () => {
        try {
          await work();
        } catch (error) {
          this.#failed(rollout, { sidecarSet, pod, action, error });
        }
      });
      onProgress(sidecarSet);
    });
  }

  #failed(rollout: Rollout, failure: Omit<Failure, "message">): void {
    const { pod, error } = failure;
    if (error instanceof NotLeaderError || isNotFound(error)) return;
    const key = podKey(pod);
    rollout.expectations.afterFailure(pod, { key, error });
    if (isConflict(error)) return;
    const message = error instanceof Error ? error.message : String(error);
    const known = this.#options.index.pods.get(key);
    const group = known && controllerOf(known)?.uid;
    rollout.failures.record(pod.metadata.uid ?? "", {
      error,
      message: `Pod ${key}: ${message}`,
      ...(group === undefined ? {} : { group }),
    });
    this.#report({ ...failure, message });
  }

  /** Logs a failed write, and records an event with the Pod unless the API server is at fault. */
  #report({ sidecarSet, pod, action, error, message }: Failure): void {
    const { logger, events } = this.#options;
    logger.debug("Cannot change a Pod", { sidecarSet, pod: podKey(pod), action, error });
    if (isServerFault(error)) return;
    const reason = action === "Flip" ? "ResetContainerFailed" : "SidecarUpdateFailed";
    const note = `SidecarSet ${sidecarSet}: ${message}`;
    events.record({ regarding: podReference(pod), type: "Warning", reason, action, note });
  }
}

/** Whether a plan for one state of a SidecarSet still applies to the current one. */
function hasSameSpec(
  current: PreparedSidecarSet | undefined,
  planned: PreparedSidecarSet,
): boolean {
  return current !== undefined && current.problems.length === 0 &&
    specKeyOf(current) === specKeyOf(planned);
}

/** A newer state would refuse the patch; the Pod is planned for again. */
function isSameState(current: ObservedPod | undefined, { metadata }: ObservedPod): boolean {
  return current?.metadata.uid === metadata.uid &&
    current?.metadata.resourceVersion === metadata.resourceVersion;
}

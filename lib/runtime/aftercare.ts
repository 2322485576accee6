import type { Pod } from "../api/pod.ts";
import { CleanupEvictions } from "../controller/eviction/cleanup.ts";
import { CleanupRecords } from "../controller/cleanup/records.ts";
import { Cleanups } from "../controller/cleanup/controller.ts";
import type { Confirmation } from "../controller/confirmation.ts";
import type { Events } from "../controller/events.ts";
import type { LoopEnvironment } from "../controller/loop.ts";
import { MissedPods } from "../controller/missed/controller.ts";
import { podReference, referenceByName } from "../controller/references.ts";
import type { Repair } from "../controller/repair_backoff.ts";
import { Terminations } from "../controller/termination/controller.ts";
import type { Writer } from "../controller/writer.ts";
import { cleanupEvents } from "../core/cleanup/progress_events.ts";
import { missedReason, type ReplacementObstacle } from "../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { missedOccurrence, refusedOccurrence, terminationNote } from "./aftercare_events.ts";
import type { DryRunFacts } from "../controller/dry_runs.ts";
import { createRefusals, type Refusals } from "../controller/refused/events.ts";
import { createVirtualNodes } from "../controller/termination/virtual_nodes.ts";

export interface AftercareOptions extends LoopEnvironment {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly events: Pick<Events, "record">;
  /** The controller's namespace. */
  readonly namespace: string;
  /** What a dry run of a Pod's injection depends on. */
  dryRunFacts(pod: Pod): DryRunFacts;
  /** Kinds of controllers that create an evicted Pod anew. */
  readonly recreatingKinds: ReadonlySet<string>;
  /** Whether the webhook would answer for a new Pod of the SidecarSet. */
  isWebhookReady(prepared: PreparedSidecarSet): boolean;
  /** A dry run of the injection for a Pod's replacement. */
  obstacleOf(pod: Pod, prepared: PreparedSidecarSet): ReplacementObstacle | undefined;
  /** The whole Pod from the API server. */
  readPod(pod: Pod, signal: AbortSignal): Promise<Pod>;
  /** Asks the API server before running Pods are disturbed. */
  readonly confirmation: Confirmation;
  /** Takes over a Pod as the API server stored it, ahead of the watch. */
  onStored(pod: Pod): void;
  /** Told when something else is known of a SidecarSet's Pods than the index says. */
  onChange(sidecarSet: string): void;
  /** Told when an object of the controller's has been put right that somebody else had changed. */
  onRepair(repair: Repair): void;
}

/** What is done for Pods beside injection and roll-out: sidecars that are no longer needed go away. */
export interface Aftercare {
  readonly cleanups: Cleanups;
  readonly missed: MissedPods;
  readonly refusals: Refusals;
  /** Takes note of a Pod that changed. */
  observePod(key: string): void;
  /** Takes note of a SidecarSet that changed, was created or deleted. */
  observeSidecarSet(name: string): void;
  /** Takes note of SidecarSets for which anything changed, their Pods included. */
  observeNames(names: Iterable<string>): void;
  /** Looks at everything: another process has looked after it until now. */
  observeAll(): void;
  run(signal: AbortSignal): Promise<void>;
}

export function createAftercare(options: AftercareOptions): Aftercare {
  const { client, index, clock, events, dryRunFacts } = options;
  const records = new CleanupRecords(options);
  const cleanups = new Cleanups({
    ...options,
    records,
    evictions: new CleanupEvictions({ ...options, records }),
    onProgress(sidecarSet, { before, after }) {
      const regarding = referenceByName(sidecarSet);
      for (const news of cleanupEvents(before, after)) {
        events.record({ ...news, regarding, action: "Cleanup" });
      }
    },
  });
  const missed = new MissedPods({
    ...options,
    reasonFor: (pod, { name }) => missedReason(pod, { ...dryRunFacts(pod), sidecarSet: name }),
    onChange(name) {
      options.onChange(name);
      const prepared = index.sidecarSets.get(name);
      const summary = missed.summaryOf(name);
      if (prepared && summary) events.record(missedOccurrence(prepared, summary));
    },
  });
  const refusals = createRefusals({
    ...options,
    onChange(name) {
      options.onChange(name);
      const prepared = index.sidecarSets.get(name);
      const summary = refusals.pods.summaryOf(name);
      if (prepared && summary) events.record(refusedOccurrence(prepared, summary));
    },
  });
  const terminations = new Terminations({
    ...options,
    isVirtualNode: createVirtualNodes({ client, clock }),
    onTermination(pod, termination) {
      events.record({
        ...terminationNote(termination),
        regarding: podReference(pod),
        action: "Terminate",
      });
    },
  });
  return {
    cleanups,
    missed,
    refusals,
    observePod(key) {
      terminations.observe(key);
      cleanups.observePod(key);
    },
    observeSidecarSet(name) {
      terminations.observeSidecarSet(name);
      cleanups.observe(name);
    },
    observeNames: (names) => missed.observe(names),
    observeAll() {
      terminations.observeAll();
      cleanups.observeAll();
      missed.observeAll();
    },
    async run(signal) {
      await Promise.all([terminations, cleanups, missed, refusals].map((part) => part.run(signal)));
    },
  };
}

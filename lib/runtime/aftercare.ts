import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { Pod } from "../api/pod.ts";
import { CleanupRecords } from "../controller/cleanup_records.ts";
import { Cleanups } from "../controller/cleanups.ts";
import { MissedPods } from "../controller/missed.ts";
import { Terminations } from "../controller/terminations.ts";
import type { Writer } from "../controller/writer.ts";
import { missedReason } from "../core/cleanup/replacement.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { isNotFound } from "../kube/errors.ts";
import { get } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";
import { createReplacements } from "./replacements.ts";
import { createVirtualNodes } from "./virtual_nodes.ts";

export interface AftercareOptions {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The controller's namespace. */
  readonly namespace: string;
  readonly excludedNamespaces: readonly string[];
  isLeader(): boolean;
  isSynced(): boolean;
  /** Takes over a Pod as the API server stored it, ahead of the watch. */
  onStored(pod: Pod): void;
  /** Told when something else is known of a SidecarSet's Pods than the index says. */
  onChange(sidecarSet: string): void;
}

/** What is done for Pods beside injection and roll-out: sidecars that are no longer needed go away. */
export interface Aftercare {
  readonly cleanups: Cleanups;
  readonly missed: MissedPods;
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
  const { client, index, writer, namespace, clock, logger } = options;
  const cleanups = new Cleanups({
    ...options,
    records: new CleanupRecords({ index, writer, namespace }),
    isGone: (name, signal) => isGone(name, { client, signal }),
  });
  const replacements = createReplacements(options);
  const missed = new MissedPods({
    ...options,
    readPod: ({ metadata: { name = "", namespace = "" } }, signal) =>
      send(client, get(resources.pods, { name, namespace }), signal),
    reasonFor: (pod, { name }) => missedReason(pod, replacements(pod, name)),
  });
  const terminations = new Terminations({
    ...options,
    isVirtualNode: createVirtualNodes({ client, clock }),
    onTermination(pod, termination) {
      const { namespace = "", name = "" } = pod.metadata;
      const fields = { pod: `${namespace}/${name}` };
      if (termination.kind !== "Impossible") {
        logger.info("Ended the sidecars of a Pod whose main containers have ended", fields);
        return;
      }
      logger.warn(
        "Cannot end sidecars on a virtual node without KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE",
        { ...fields, containers: termination.containers },
      );
    },
  });
  return {
    cleanups,
    missed,
    observePod(key) {
      terminations.observe(key);
      cleanups.observePod(key);
    },
    observeSidecarSet(name) {
      terminations.observeSidecarSet(name);
      cleanups.observe([name]);
    },
    observeNames(names) {
      const all = [...names];
      cleanups.observe(all);
      missed.observe(all);
    },
    observeAll() {
      terminations.observeAll();
      cleanups.observeAll();
      missed.observeAll();
    },
    async run(signal) {
      await Promise.all([terminations, cleanups, missed].map((part) => part.run(signal)));
    },
  };
}

async function isGone(
  name: string,
  { client, signal }: { client: RestClient; signal: AbortSignal },
): Promise<boolean> {
  try {
    await send(client, get(resources.sidecarSets, { name }), signal);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

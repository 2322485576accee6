import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { validateStoredSidecarSet } from "../core/validate/validate.ts";
import { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { createReflections } from "./watches.ts";

interface LiveViewOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The controller's namespace. */
  readonly systemNamespace: string;
  readonly excludedNamespaces: readonly string[];
}

/** How long Pods wait for the other kinds, so that each is classified once. */
const MAX_WAIT_MS = 2_000;
const POLL_MS = 20;

/** The cluster as the user's rights show it, kept by watches. */
export interface LiveView {
  readonly index: ClusterIndex;
  /** A number that changes with the cluster. */
  version(): number;
  /** Kinds that cannot be read at present, each with the API server's error where there is one. */
  problems(): string[];
  /** Runs the watches until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** Creates the view. Kinds that this user may not read are reported, and the others are still shown. */
export function createLiveView(
  { client, clock, logger, systemNamespace, excludedNamespaces }: LiveViewOptions,
): LiveView {
  const index = new ClusterIndex({ excludedNamespaces });
  let version = 0;
  index.changes.subscribe(() => version++);
  const { sidecarSets, namespaces, revisions, pods } = createReflections({
    client,
    index,
    clock,
    logger,
    namespace: systemNamespace,
    problemsOf: validateStoredSidecarSet,
  });
  const first = [sidecarSets, namespaces, revisions];
  return {
    index,
    version: () => version,
    problems: () =>
      [...first, pods].flatMap(({ name, loop }) => {
        if (loop.isSynced()) return [];
        return [`${name}: ${loop.problem() ?? "not read yet"}`];
      }),
    async run(signal) {
      const running = first.map(({ loop }) => loop.run(signal));
      const until = clock.monotonic() + MAX_WAIT_MS;
      while (clock.monotonic() < until && !first.every(({ loop }) => loop.isSynced())) {
        await clock.sleep(POLL_MS, signal);
        if (signal.aborted) break;
      }
      await Promise.all([...running, pods.loop.run(signal)]);
    },
  };
}

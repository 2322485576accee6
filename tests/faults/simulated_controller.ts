import { INSTALLATION } from "../../lib/api/names.ts";
import { leaseStore } from "../../lib/controller/leader/lease_store.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { readConfig } from "../../lib/runtime/config.ts";
import { createControllers } from "../../lib/runtime/controllers.ts";
import { createMetrics } from "../../lib/runtime/metrics/metrics.ts";
import { toPrepared } from "../../lib/core/defaults/prepare.ts";
import { createWatches } from "../../lib/runtime/watches.ts";
import type { ManualClock } from "../support/manual_clock.ts";
import { quietLogger } from "../support/quiet_logger.ts";

/**
 * Starts all watches and controllers of a process over any API server, without the webhook.
 *
 * @returns a function that ends them
 */
export function startSimulatedController(
  client: RestClient,
  clock: ManualClock,
): () => Promise<void> {
  const config = readConfig({ flags: {}, env: () => undefined, terminal: false });
  const { namespace } = config;
  const index = new ClusterIndex();
  const common = { client, index, clock, logger: quietLogger };
  const problemsOf = () => [];
  const watches = createWatches({
    ...common,
    namespace,
    registrationName: INSTALLATION,
    problemsOf,
    countedUntil: () => Promise.resolve(undefined),
  });
  const controllers = createControllers({
    ...common,
    config,
    localClock: clock,
    lease: leaseStore({ client, namespace, name: INSTALLATION }),
    endpoint: { url: "https://127.0.0.1" },
    temporary: false,
    retainedRevisions: () => Promise.resolve([]),
    excludedNamespaces: [],
    identity: "test",
    metrics: createMetrics({ version: "0.0.0", apiServer: "127.0.0.1" }).loops,
    caBundle: () => "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    facts: () => ({}),
    certificatePollMs: 1_000,
    isSynced: () => watches.unsynced().length === 0,
    prepare: (stored) => toPrepared(stored, problemsOf),
    observeRepair() {},
  });
  const stop = new AbortController();
  const { signal } = stop;
  const running = Promise.all([
    controllers.election.run(signal),
    watches.run(signal),
    controllers.run(signal),
  ]);
  return async () => {
    stop.abort();
    await running;
  };
}

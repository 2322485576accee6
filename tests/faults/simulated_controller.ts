import { INSTALLATION } from "../../lib/api/names.ts";
import { leaseStore } from "../../lib/controller/leader/lease_store.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { readConfig } from "../../lib/runtime/config.ts";
import { createControllers } from "../../lib/runtime/controllers.ts";
import { createMetrics } from "../../lib/runtime/metrics/metrics.ts";
import { createSlices } from "../../lib/runtime/slices.ts";
import { toPrepared } from "../../lib/core/defaults/prepare.ts";
import { createWatches } from "../../lib/runtime/watches.ts";
import type { ManualClock } from "../support/manual_clock.ts";
import { quietLogger } from "../support/quiet_logger.ts";

const CA_BUNDLE = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

/**
 * Starts all watches and controllers of a process over any API server, without the webhook.
 *
 * @param certifiedAfterMs when the process has a certificate, without which it cannot compare the registration
 * @returns a function that ends them
 */
export function startSimulatedController(
  client: RestClient,
  clock: ManualClock,
  { certifiedAfterMs = 0 } = {},
): () => Promise<void> {
  const certifiedAt = clock.monotonic() + certifiedAfterMs;
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
    slices: createSlices({ clock, logger: quietLogger, isServing: () => true }),
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
    caBundle: () => clock.monotonic() < certifiedAt ? undefined : CA_BUNDLE,
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
    clock.sleep(certifiedAfterMs, signal).then(() => controllers.registration.observeCaBundle()),
  ]);
  return async () => {
    stop.abort();
    await running;
  };
}

import assert from "node:assert/strict";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { readConfig } from "../../lib/runtime/config.ts";
import { createControllers } from "../../lib/runtime/controllers.ts";
import { createMetrics } from "../../lib/runtime/metrics/metrics.ts";
import { createSlices } from "../../lib/runtime/slices.ts";
import { leaseStore } from "../../lib/controller/leader/lease_store.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { quietLogger } from "../support/quiet_logger.ts";
import { RecordingClient } from "../support/recording_client.ts";

const CONTROLLERS = [
  ...["sidecarset", "registration", "cleanup", "termination"],
  ...["missed", "refused", "event"],
];

Deno.test("every controller has the metrics of its queue and of its reconciliations", () => {
  const clock = new ManualClock();
  const metrics = createMetrics({ version: "0.0.0", apiServer: "127.0.0.1" });
  const client = new RecordingClient();
  createControllers({
    config: readConfig({ flags: {}, env: () => undefined, terminal: false }),
    client,
    lease: leaseStore({ client, namespace: "sidecarset-system", name: "sidecarset" }),
    index: new ClusterIndex(),
    clock,
    localClock: clock,
    logger: quietLogger,
    slices: createSlices({ clock, logger: quietLogger, isServing: () => true }),
    endpoint: { url: "https://127.0.0.1" },
    temporary: false,
    retainedRevisions: () => Promise.resolve([]),
    excludedNamespaces: [],
    identity: "test",
    metrics: metrics.loops,
    caBundle: () => undefined,
    facts: () => ({}),
    certificatePollMs: 1_000,
    isSynced: () => true,
    prepare: () => sidecarSetOf(),
    observeRepair() {},
  });
  const lines = metrics.text().text.split("\n");
  for (const name of CONTROLLERS) {
    for (
      const metric of [
        `controller_runtime_reconcile_errors_total{controller="${name}"} 0`,
        `controller_runtime_active_workers{controller="${name}"} 0`,
        `workqueue_depth{name="${name}",controller="${name}"} 0`,
        `workqueue_retries_total{name="${name}",controller="${name}"} 0`,
      ]
    ) {
      assert.ok(lines.includes(metric), `missing: ${metric}`);
    }
  }
});

import { wholePod } from "../../support/whole_pod.ts";
import assert from "node:assert/strict";
import { cleanupRecordName, fromConfigMap } from "../../../lib/api/cleanup_record.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { KubeObject } from "../../../lib/api/objects.ts";
import type { Namespace, Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { CleanupEvictions } from "../../../lib/controller/eviction/cleanup.ts";
import { CleanupRecords } from "../../../lib/controller/cleanup/records.ts";
import { CleanupController } from "../../../lib/controller/cleanup/controller.ts";
import { Confirmation } from "../../../lib/controller/confirmation.ts";
import type { Occurrence } from "../../../lib/controller/events.ts";
import type { Repair } from "../../../lib/controller/repair_backoff.ts";
import { Writer } from "../../../lib/controller/writer.ts";
import { RECREATING_KINDS } from "../../../lib/core/cleanup/eviction.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { leader } from "../../support/leader.ts";
import { loopEnvironment } from "../../support/loop_environment.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { quietLogger } from "../../support/quiet_logger.ts";
import { type Recorded, RecordingClient, type Respond } from "../../support/recording_client.ts";

export const idle: SidecarSetSpec = { cleanupPolicy: { type: "Idle", idleImage: "idle:1" } };
export const evict: SidecarSetSpec = { cleanupPolicy: { type: "Evict" } };

/** Answers writes as an API server would that counts versions. */
export function asStored(): Respond {
  let version = 10;
  return ({ body }) => {
    const { metadata = {}, ...rest } = isObject(body) ? body : {};
    const stored = isObject(metadata) ? metadata : {};
    return {
      spec: { containers: [] },
      ...rest,
      metadata: { ...stored, resourceVersion: String(version++) },
    };
  };
}

export interface SetUp {
  leading?: boolean;
  /** Undefined where this process has not compared the registration. @default true */
  isWebhookReady?: () => boolean | undefined;
  respond?: Respond;
  /** Objects of the API server that no watch has delivered; absent: the watches are up to date. */
  stored?: { sidecarSet?: Pick<KubeObject, "metadata">; namespace?: Namespace };
}

export async function setUp(
  { leading = true, isWebhookReady = () => true, respond = asStored(), stored = {} }: SetUp = {},
) {
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  const index = new ClusterIndex();
  const client = new RecordingClient(respond);
  const state = { leading };
  const isLeader = () => state.leading;
  const leadership = { ...leader, isLeader };
  const writer = new Writer({ client, clock, leadership, maxInFlight: 16, perSecond: 1_000 });
  const repairs: Repair[] = [];
  const onRepair = (repair: Repair) => repairs.push(repair);
  const records = new CleanupRecords({ index, writer, clock, namespace: "system", onRepair });
  const occurrences: Occurrence[] = [];
  const events = { record: (occurrence: Occurrence) => void occurrences.push(occurrence) };
  const namespaceOf = (name: string): Namespace => ({
    metadata: { name, labels: index.namespace(name).labels },
  });
  const confirmation = new Confirmation({
    index,
    readSidecarSet: (name) =>
      Promise.resolve(stored.sidecarSet ?? index.sidecarSets.get(name)?.sidecarSet),
    readNamespace: (name) => Promise.resolve(stored.namespace ?? namespaceOf(name)),
  });
  const common = { index, writer, records, clock, logger: quietLogger, confirmation };
  const cleanups = new CleanupController({
    ...common,
    ...loopEnvironment({ clock, isLeader }),
    events,
    evictions: new CleanupEvictions({
      ...common,
      events,
      recreatingKinds: RECREATING_KINDS,
      isWebhookReady,
      obstacleOf: () => undefined,
      observedObstacleOf: () => undefined,
      readPod: (pod) => Promise.resolve(wholePod(pod)),
    }),
  });
  index.changes.subscribe((change) => cleanups.observe(change));
  const stop = new AbortController();
  const running = cleanups.run(stop.signal);
  await clock.advance(0);
  return {
    index,
    client,
    clock,
    cleanups,
    state,
    occurrences,
    repairs,
    async look() {
      // As after a resync.
      const state = index.sidecarSets.get("web");
      cleanups.observe({
        ...{ kind: "sidecarset", name: "web", before: state, after: state },
        sidecarSets: [],
      });
      for (let i = 0; i < 5; i++) await clock.advance(200);
    },
    async end() {
      stop.abort();
      await running;
    },
  };
}

export const requests = (client: RecordingClient) =>
  client.requests.map(({ method, path }) => `${method} ${path.replace(/^.*namespaces\//, "")}`);

export function recordIn(request: Recorded | undefined) {
  const data = isObject(request?.body) && isObject(request.body.data) ? request.body.data : {};
  const read = fromConfigMap({
    metadata: {},
    data: { "record.json": String(data["record.json"]) },
  });
  assert.ok(read.ok);
  return read.value;
}

export function owned(pod: Pod): Pod {
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "rs",
    uid: "rs",
    controller: true,
  };
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
}

export const NAME = cleanupRecordName("uid-of-web");

export const inTeams: SidecarSetSpec = {
  ...idle,
  namespaceSelector: { matchLabels: { team: "a" } },
};
export const team = (name: string): Namespace => ({
  metadata: { name: "default", labels: { team: name } },
});
export const patched = (client: RecordingClient) =>
  requests(client).filter((each) => each.startsWith("PATCH"));

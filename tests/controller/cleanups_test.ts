import assert from "node:assert/strict";
import { cleanupRecordName, fromConfigMap } from "../../lib/api/cleanup_record.ts";
import type { CleanupProgress } from "../../lib/api/cleanup_record.ts";
import { isObject } from "../../lib/api/json.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { CleanupEvictions } from "../../lib/controller/cleanup_evictions.ts";
import { CleanupRecords } from "../../lib/controller/cleanup_records.ts";
import { Cleanups } from "../../lib/controller/cleanups.ts";
import { Limiter } from "../../lib/controller/limiter.ts";
import { Writer } from "../../lib/controller/writer.ts";
import { RECREATING_KINDS } from "../../lib/core/cleanup/eviction.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { leader } from "../support/leader.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";
import { quietLogger } from "../support/quiet_logger.ts";
import { type Recorded, RecordingClient, type Respond } from "../support/recording_client.ts";

const idle: SidecarSetSpec = { cleanupPolicy: { type: "Idle", idleImage: "idle:1" } };
const evict: SidecarSetSpec = { cleanupPolicy: { type: "Evict" } };

/** Answers writes as an API server would that counts versions. */
function asStored(): Respond {
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

async function setUp({ gone = true, leading = true, respond = asStored() } = {}) {
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  const index = new ClusterIndex();
  const client = new RecordingClient(respond);
  const isLeader = () => leading;
  const limiter = () => new Limiter({ clock, maxInFlight: 16, perSecond: 1_000 });
  const leadership = { ...leader, isLeader };
  const writer = new Writer({ client, podLimiter: limiter(), limiter: limiter(), leadership });
  const records = new CleanupRecords({ index, writer, namespace: "system" });
  const told: CleanupProgress[] = [];
  const common = { index, writer, records, clock, logger: quietLogger };
  const cleanups = new Cleanups({
    ...common,
    isLeader,
    isSynced: () => true,
    isGone: () => Promise.resolve(gone),
    onStored() {},
    onProgress: (_name, { after }) => told.push(after),
    evictions: new CleanupEvictions({
      ...common,
      recreatingKinds: RECREATING_KINDS,
      isWebhookReady: () => true,
      obstacleOf: () => undefined,
      readPod: (pod) => Promise.resolve(pod),
    }),
  });
  const stop = new AbortController();
  const running = cleanups.run(stop.signal);
  await clock.advance(0);
  return {
    index,
    client,
    cleanups,
    told,
    async look() {
      cleanups.observe(["web"]);
      for (let i = 0; i < 5; i++) await clock.advance(200);
    },
    async end() {
      stop.abort();
      await running;
    },
  };
}

const requests = (client: RecordingClient) =>
  client.requests.map(({ method, path }) => `${method} ${path.replace(/^.*namespaces\//, "")}`);

function recordIn(request: Recorded | undefined) {
  const data = isObject(request?.body) && isObject(request.body.data) ? request.body.data : {};
  const read = fromConfigMap({
    metadata: {},
    data: { "record.json": String(data["record.json"]) },
  });
  assert.ok(read.ok);
  return read.value;
}

function owned(pod: Pod): Pod {
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "rs",
    uid: "rs",
    controller: true,
  };
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
}

const NAME = cleanupRecordName("uid-of-web");

Deno.test("Cleanups writes a record as soon as there is a policy, and once", async () => {
  const { index, client, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  await look();
  assert.deepEqual(requests(client), ["POST system/configmaps"]);
  assert.deepEqual(recordIn(client.requests[0]), {
    sidecarSet: "web",
    uid: "uid-of-web",
    policy: { type: "Idle", idleImage: "idle:1" },
    maxUnavailable: 1,
    sidecars: ["agent"],
  });
  await end();
});

Deno.test("Cleanups keeps sidecars in the record that are no longer listed, and removes it with the policy", async () => {
  const { index, client, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const containers = [{ name: "other", image: "other:1" }];
  index.applySidecarSet(
    sidecarSetOf({ spec: { ...idle, containers }, generation: 2, resourceVersion: "2" }),
  );
  await look();
  assert.deepEqual(recordIn(client.requests[1]).sidecars, ["agent", "other"]);
  index.applySidecarSet(sidecarSetOf({ generation: 3, resourceVersion: "3" }));
  await look();
  assert.equal(requests(client).at(-1), `DELETE system/configmaps/${NAME}`);
  await end();
});

Deno.test("Cleanups goes on by the record when the SidecarSet is gone, and removes it in the end", async () => {
  const { index, client, told, look, end } = await setUp();
  const web = sidecarSetOf({ spec: idle });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  index.deleteSidecarSet("web");
  await look();
  assert.equal(requests(client)[1], "PATCH default/pods/a");
  index.deletePod("default/a");
  await look();
  assert.equal(requests(client).at(-1), `DELETE system/configmaps/${NAME}`);
  assert.deepEqual([told[0]?.remaining, told.at(-1)?.remaining], [1, 0]);
  await end();
});

Deno.test("Cleanups does nothing while the API server still knows the SidecarSet", async () => {
  const { index, client, look, end } = await setUp({ gone: false });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.deepEqual(requests(client), []);
  await end();
});

Deno.test("Cleanups does nothing as a follower", async () => {
  const { index, client, look, end } = await setUp({ leading: false });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.deepEqual(requests(client), []);
  await end();
});

Deno.test("Cleanups looks at a Pod that names a SidecarSet that is gone", async () => {
  const { index, client, cleanups, look, end } = await setUp();
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  cleanups.observePod("default/a");
  await look();
  assert.equal(requests(client)[0], "PATCH default/pods/a");
  await end();
});

Deno.test("Cleanups tries a refused Pod again later, and says what the API server said", async () => {
  let refused = 0;
  const { index, client, told, look, end } = await setUp({
    respond: () => refused++ === 0 ? { httpCode: 422 } : { metadata: {}, spec: { containers: [] } },
  });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.ok(requests(client).length > 1);
  assert.match(told.map(({ blocked }) => blocked.UpdateRefused?.message).join(), /Pod default\/a/);
  await end();
});

Deno.test("Cleanups ends the clean-up of a SidecarSet when another one has its name", async () => {
  const { index, client, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const other = sidecarSetOf();
  const metadata = { ...other.sidecarSet.metadata, uid: "another" };
  index.deleteSidecarSet("web");
  index.applySidecarSet({ ...other, sidecarSet: { ...other.sidecarSet, metadata } });
  await look();
  assert.equal(requests(client).at(-1), `DELETE system/configmaps/${NAME}`);
  await end();
});

Deno.test("Cleanups notes an eviction in the record before it makes it", async () => {
  const { index, client, look, end } = await setUp();
  const web = sidecarSetOf({ spec: evict });
  index.applySidecarSet(web);
  index.applyPod(owned(podOf({ name: "a", injected: [web] })));
  await look();
  index.deleteSidecarSet("web");
  await look();
  const made = requests(client);
  const eviction = made.indexOf("POST default/pods/a/eviction");
  assert.equal(made[eviction - 1], `PUT system/configmaps/${NAME}`);
  const [guard] = recordIn(client.requests[eviction - 1]).evictions ?? [];
  assert.deepEqual([guard?.workload, guard?.attempts], ["rs", 1]);
  assert.equal(made.filter((each) => each.endsWith("/eviction")).length, 1, "the guard holds");
  await end();
});

Deno.test("Cleanups says why a Pod is not evicted", async () => {
  const { index, client, told, look, end } = await setUp();
  const web = sidecarSetOf({ spec: evict });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "bare", injected: [web] }));
  await look();
  index.deleteSidecarSet("web");
  await look();
  assert.deepEqual(requests(client).filter((each) => each.endsWith("/eviction")), []);
  assert.equal(told.at(-1)?.blocked.NotRecreated?.example, "default/bare");
  await end();
});

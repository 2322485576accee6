import assert from "node:assert/strict";
import { isObject } from "../../../lib/api/json.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { STORED_IMAGES_ANNOTATION } from "../../../lib/core/annotations/image_records.ts";
import { PodReports } from "../../../lib/controller/rollout/pod_reports.ts";
import { Writer } from "../../../lib/controller/writer.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { leader } from "../../support/leader.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient, type Respond } from "../../support/recording_client.ts";

const signal = new AbortController().signal;

function withCondition(pod: Pod, message: string, resourceVersion: string): Pod {
  const conditions = [{ type: "SidecarSetUpgradable", status: "False", message }];
  return {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion },
    status: { ...pod.status, conditions },
  };
}

function setUp(respond: Respond, { newer = podOf() }: { newer?: Pod } = {}) {
  const clock = new ManualClock();
  const client = new RecordingClient(respond);
  const writer = new Writer({
    client,
    clock,
    leadership: leader,
    maxInFlight: 4,
    perSecond: 1_000,
  });
  const index = new ClusterIndex();
  for (const name of ["web", "other"]) index.applySidecarSet(sidecarSetOf({ name }));
  const reports = new PodReports({
    writer,
    clock,
    index,
    readPod: () => Promise.resolve(newer),
  });
  return { reports, client, clock };
}

const conditionIn = (body: unknown) => {
  assert.ok(isObject(body) && isObject(body.status) && Array.isArray(body.status.conditions));
  return body.status.conditions[0];
};

Deno.test("PodReports merges its entry again with the newer state after a conflict", async () => {
  const newer = withCondition(podOf(), '{"other":false}', "9");
  const answers = [{ httpCode: 409 }];
  const { reports, client } = setUp(() => answers.shift() ?? podOf(), { newer });
  await reports.setUpgradable(podOf(), { sidecarSet: "web", upgradable: true }, signal);
  assert.equal(client.requests.length, 2);
  const body = client.requests[1]?.body;
  assert.ok(isObject(body) && isObject(body.metadata));
  assert.equal(body.metadata.resourceVersion, "9");
  const { status, message } = conditionIn(body);
  assert.deepEqual([status, message], ["False", '{"other":false,"web":true}']);
});

Deno.test("PodReports goes on while others write to the Pod all the time", async () => {
  let conflicts = 10;
  const { reports, client, clock } = setUp(() => conflicts-- > 0 ? { httpCode: 409 } : podOf());
  const written = reports.setUpgradable(podOf(), { sidecarSet: "web", upgradable: true }, signal);
  for (let second = 0; second < 10; second++) await clock.advance(1_000);
  await written;
  assert.equal(client.requests.length, 11);
});

Deno.test("PodReports removes a SidecarSet's entry, and those of deleted ones", async () => {
  const { reports, client } = setUp(() => podOf());
  const pod = withCondition(podOf(), '{"gone":false,"web":false}', "1");
  await reports.setUpgradable(pod, { sidecarSet: "web", upgradable: undefined }, signal);
  const { status, message } = conditionIn(client.requests[0]?.body);
  assert.deepEqual([status, message], ["True", "{}"]);
});

Deno.test("PodReports writes nothing that the Pod says already", async () => {
  const { reports, client } = setUp(() => podOf());
  const pod = withCondition(podOf(), '{"web":false}', "1");
  await reports.setUpgradable(pod, { sidecarSet: "web", upgradable: false }, signal);
  assert.deepEqual(client.requests, []);
});

Deno.test("PodReports leaves a Pod alone that was replaced by another one", async () => {
  const newer = podOf({ uid: "another" });
  const { reports, client } = setUp(() => ({ httpCode: 409 }), { newer });
  await reports.setUpgradable(podOf(), { sidecarSet: "web", upgradable: true }, signal);
  assert.equal(client.requests.length, 1);
});

Deno.test("PodReports records rewritten images in the newest state, as long as it has the same revision", async () => {
  const web = sidecarSetOf();
  const pod = podOf({ injected: [web] });
  const rewritten = { sidecarSet: "web", images: new Map([["agent", "mirror/agent:1"]]) };
  const bodiesFor = async (newer: Pod) => {
    let attempts = 0;
    const answer = () => attempts++ === 0 ? { httpCode: 409 } : newer;
    const { reports, client } = setUp(answer, { newer });
    await reports.recordImages(pod, rewritten, signal);
    return client.requests.slice(1).map(({ body }) => body);
  };
  const gated = { ...pod, metadata: { ...pod.metadata, generation: 2, resourceVersion: "9" } };
  const { uid } = pod.metadata;
  const annotations = { [STORED_IMAGES_ANNOTATION]: '{"agent":"mirror/agent:1"}' };
  assert.deepEqual(await bodiesFor(gated), [
    { metadata: { uid, resourceVersion: "9", annotations } },
  ]);
  const other = podOf({ injected: [{ ...web, hash: "another" }] });
  assert.deepEqual(await bodiesFor(other), []);
});

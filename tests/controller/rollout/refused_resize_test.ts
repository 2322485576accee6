import assert from "node:assert/strict";
import { upgradability } from "../../../lib/core/rollout/upgradable.ts";
import { ApiError } from "../../../lib/kube/errors.ts";
import { projectPod } from "../../../lib/index/projection.ts";
import { LARGE, podWith, revisionOf, setWith, SMALL } from "../../core/rollout/resize_scene.ts";
import { createEngine } from "../../support/engine.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const signal = new AbortController().signal;
const old = setWith({ resources: SMALL });
const strategy = { maxUnavailable: 1 };
const current = setWith({ resources: LARGE }, { generation: 2, strategy });

const NO_ROOM = 'pods "a" is forbidden: node didn\'t have enough allocatable resources: cpu, ' +
  "requested: 9000, allocatable: 2000";
const PERMANENT = [
  [403, NO_ROOM],
  [
    403,
    'pods "a" is forbidden: pod resize is only supported on linux nodes, node "w" is "windows"',
  ],
  [422, 'Pod "a" is invalid: spec: Forbidden: resize is not supported for static cpu policies'],
] as const;
const TRANSIENT = [
  [403, 'pods "a" is forbidden: exceeded quota: team, requested: requests.cpu=1'],
  [
    403,
    'pods "a" is forbidden: admission webhook "x" denied the request: node has not enough allocatable resources',
  ],
  [403, 'pods "a" is forbidden: User "s" cannot patch resource "pods/resize"'],
] as const;

/** Two Pods to be resized, the first of which the API server refuses to resize. */
async function refused(code: number, message: string) {
  const client = new RecordingClient(({ path, method }) => {
    if (path.endsWith("/a/resize")) {
      throw new ApiError({ method, path, httpCode: code, status: { message } });
    }
    return { metadata: {}, spec: { containers: [] } };
  });
  const { index, rollouts } = createEngine({ client, clock: new ManualClock() });
  index.applySidecarSet(current);
  for (const each of [old, current]) index.applyRevision(revisionOf(each));
  index.applyPod(projectPod(podWith(old, "a")));
  const advance = async () => {
    const prepared = index.sidecarSets.get("web") ?? current;
    rollouts.advance(prepared, signal);
    await settle();
    return prepared;
  };
  for (let i = 0; i < 3; i++) await advance();
  const resizes = () => client.requests.filter(({ path }) => path.endsWith("/a/resize")).length;
  return { index, advance, resizes };
}

for (const [code, message] of PERMANENT) {
  Deno.test(`a resize that the API server refuses for good is not asked for again: ${message}`, async () => {
    const { index, advance, resizes } = await refused(code, message);
    assert.equal(resizes(), 1);
    assert.equal(index.pods.countsOf("web").notUpgradablePods, 1);
    const pod = index.pods.get("default/a");
    assert.ok(pod);
    const prepared = await advance();
    const found = upgradability(pod, prepared);
    assert.equal(found.kind, "NotUpgradable");
    assert.ok("message" in found && found.message.endsWith(message), JSON.stringify(found));
    // Another spec of the Pod or of the SidecarSet may have room.
    const { generation = 0, resourceVersion = "1" } = pod.metadata;
    const changed = {
      generation: generation + 1,
      resourceVersion: `${Number(resourceVersion) + 1}`,
    };
    index.applyPod({ ...pod, metadata: { ...pod.metadata, ...changed } });
    assert.equal(index.pods.countsOf("web").notUpgradablePods, 0);
    await advance();
    assert.equal(resizes(), 2);
    assert.equal(index.pods.countsOf("web").notUpgradablePods, 1);
    const smaller = setWith({ resources: { ...LARGE, requests: { cpu: "150m" } } }, {
      generation: 3,
    });
    index.applyRevision(revisionOf(smaller));
    index.applySidecarSet(smaller);
    assert.equal(index.pods.countsOf("web").notUpgradablePods, 0);
  });
}

for (const [code, message] of TRANSIENT) {
  Deno.test(`a resize that may succeed later leaves the Pod upgradable: ${message}`, async () => {
    const { index } = await refused(code, message);
    assert.equal(index.pods.countsOf("web").notUpgradablePods, 0);
  });
}

Deno.test("what the API server refused is forgotten with the Pod", async () => {
  const { index } = await refused(403, NO_ROOM);
  const pod = index.pods.get("default/a");
  assert.ok(pod);
  index.deletePod("default/a");
  index.applyPod({ ...pod, metadata: { ...pod.metadata, uid: "another" } });
  assert.equal(index.pods.countsOf("web").notUpgradablePods, 0);
});

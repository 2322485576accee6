import assert from "node:assert/strict";
import { type Leadership, NotLeaderError } from "../../lib/controller/leadership.ts";
import { Writer } from "../../lib/controller/writer.ts";
import type { RequestOptions, RestClient } from "../../lib/kube/contract.ts";
import { ConnectionError } from "../../lib/kube/errors.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { leader } from "../support/leader.ts";
import { podOf } from "../support/objects.ts";
import { RecordingClient } from "../support/recording_client.ts";

const never = new AbortController().signal;

function writerOn(client: RestClient, leadership: Leadership = leader): Writer {
  const clock = systemClock();
  return new Writer({ client, clock, leadership, maxInFlight: 16, perSecond: 1_000 });
}

/** A client whose requests wait before they go out, as for a token or a connection. */
function slowClient(wait: (options: RequestOptions) => Promise<void>) {
  const sent: RequestOptions[] = [];
  const performRequest = async (options: RequestOptions) => {
    await wait(options);
    options.beforeSend?.();
    sent.push(options);
    return {};
  };
  return { client: { performRequest } as RestClient, sent };
}

Deno.test("Writer sends nothing when the Lease has passed while the request waited", async () => {
  let isLeader = true;
  const { client, sent } = slowClient(() => {
    isLeader = false;
    return Promise.resolve();
  });
  const writer = writerOn(client, { ...leader, isLeader: () => isLeader });
  await assert.rejects(writer.evictPod(podOf({}), never), NotLeaderError);
  assert.deepEqual(sent, []);
});

/** Ends a request after its time. */
function silentClient() {
  return slowClient(({ method, path, timeoutMs }) =>
    new Promise((_, reject) => {
      const late = new ConnectionError({ method, path, problem: "there was no answer in time" });
      setTimeout(() => reject(late), timeoutMs);
    })
  );
}

Deno.test("Writer ends a request before another process may write", async () => {
  let isLeader = true;
  const { client, sent } = silentClient();
  const writer = writerOn(client, {
    isLeader: () => isLeader,
    exclusiveFor() {
      setTimeout(() => isLeader = false);
      return 10;
    },
  });
  await assert.rejects(writer.evictPod(podOf({}), never), NotLeaderError);
  assert.deepEqual(sent, []);
});

Deno.test("Writer retries after a missing answer, not after a Lease that is renewed meanwhile", async () => {
  const { client } = silentClient();
  const writer = writerOn(client, { isLeader: () => true, exclusiveFor: () => 10 });
  await assert.rejects(writer.evictPod(podOf({}), never), ConnectionError);
});

Deno.test("Writer overwrites and deletes only the state that was decided for", async () => {
  const metadata = { name: "a", namespace: "system", uid: "1", resourceVersion: "7" };
  const revision = { metadata, data: {}, revision: 1 };
  const client = new RecordingClient();
  const writer = writerOn(client);
  await writer.changeRevision(revision, { revision: 2, customVersion: "blue" }, never);
  await writer.deleteRevision(revision, never);
  await writer.deleteConfigMap({ metadata }, never);
  await writer.updateConfigMap({ metadata }, never);
  assert.equal(client.requests.length, 4);
  for (const { method, path, body } of client.requests) {
    assert.match(JSON.stringify(body), /"resourceVersion":"7"/, `${method} ${path}`);
  }
});

import assert from "node:assert/strict";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { createWatches } from "../../lib/runtime/watches.ts";
import { type LogLine, recordingLogger } from "../faults/reflecting.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { RecordingClient } from "../support/recording_client.ts";

Deno.test("a missing CustomResourceDefinition is named with the command that installs it", async () => {
  const log: LogLine[] = [];
  const clock = new ManualClock();
  const client = new RecordingClient(({ path, query }) =>
    path.endsWith("/sidecarsets")
      ? { httpCode: 404 }
      : query?.has("watch")
      ? new ReadableStream()
      : { metadata: { resourceVersion: "1" }, items: [] }
  );
  const watches = createWatches({
    client,
    index: new ClusterIndex(),
    clock,
    logger: recordingLogger(log),
    namespace: "sidecarset-system",
    registrationName: "sidecarset",
    problemsOf: () => [],
    countedUntil: () => Promise.resolve(undefined),
  });
  const stop = new AbortController();
  const ended = watches.run(stop.signal);
  await clock.advance(100);
  const [sidecarSets, ...others] = watches.unsynced();
  const expected = new RegExp(
    "CustomResourceDefinition sidecarsets.apps.kruise.io .* is not installed .*" +
      "install it with: sidecarset manifests --image IMAGE \\| kubectl apply -f -",
  );
  assert.match(sidecarSets ?? "", /^sidecarsets \(Cannot find /);
  assert.match(sidecarSets ?? "", expected);
  assert.deepEqual(others, ["pods"]);
  const [line] = log.filter(({ level }) => level === "warn");
  assert.equal(line?.fields.watch, "sidecarsets");
  assert.match(String(line?.fields.error), expected);
  stop.abort();
  await ended;
});

Deno.test("watches report a connection that the API server closes", async () => {
  const clock = new ManualClock();
  const streams: ReadableStreamDefaultController<never>[] = [];
  const client = new RecordingClient(({ query }) =>
    query?.has("watch")
      ? new ReadableStream({ start: (controller) => void streams.push(controller) })
      : { metadata: { resourceVersion: "1" }, items: [] }
  );
  let broken = 0;
  const watches = createWatches({
    client,
    index: new ClusterIndex(),
    clock,
    logger: recordingLogger([]),
    namespace: "sidecarset-system",
    registrationName: "sidecarset",
    problemsOf: () => [],
    countedUntil: () => Promise.resolve(undefined),
    onBrokenConnection: () => broken++,
  });
  const stop = new AbortController();
  const ended = watches.run(stop.signal);
  await clock.advance(100);
  assert.deepEqual(watches.unsynced(), []);
  assert.equal(broken, 0);
  const opened = streams.length;
  for (const stream of streams) stream.close();
  await clock.advance(0);
  assert.equal(broken, opened);
  stop.abort();
  await ended;
});

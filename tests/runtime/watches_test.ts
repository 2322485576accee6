import assert from "node:assert/strict";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { createWatches } from "../../lib/runtime/watches.ts";
import { type LogLine, recordingLogger } from "../faults/reflecting.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { type Recorded, RecordingClient } from "../support/recording_client.ts";

/** An empty API server without streams of objects. */
function answerOf({ query }: Recorded, watch: () => ReadableStream): object {
  if (query?.has("sendInitialEvents")) return { httpCode: 422 };
  return query?.has("watch") ? watch() : { metadata: { resourceVersion: "1" }, items: [] };
}

Deno.test("a missing CustomResourceDefinition is named with the command that installs it", async () => {
  const log: LogLine[] = [];
  const clock = new ManualClock();
  const client = new RecordingClient((request) =>
    request.path.endsWith("/sidecarsets")
      ? { httpCode: 404 }
      : answerOf(request, () => new ReadableStream())
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
  const client = new RecordingClient((request) =>
    answerOf(
      request,
      () => new ReadableStream({ start: (controller) => void streams.push(controller) }),
    )
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

import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import { CachingReflector } from "../../lib/kube/caching_reflector.ts";
import type { ApiStatus, ReflectorEvent, WatchEvent } from "../../lib/kube/contract.ts";
import { recordingLogger } from "../faults/reflecting.ts";
import { ManualClock } from "../support/manual_clock.ts";

function object(name: string, resourceVersion: string): KubeObject {
  return { metadata: { name, resourceVersion } };
}

/** A reflector whose lists and watches are the given ones in turn; the last watch stays open. */
function reflecting(lists: KubeObject[][], watches: WatchEvent<KubeObject, ApiStatus>[][]) {
  const clock = new ManualClock();
  const stop = new AbortController();
  let version = 0;
  const reflector = new CachingReflector<KubeObject>(
    () =>
      Promise.resolve({
        metadata: { resourceVersion: String(version += 100) },
        items: lists.shift() ?? [],
      }),
    () => {
      const events = watches.shift();
      return Promise.resolve(events ? ReadableStream.from(events) : new ReadableStream());
    },
    {
      name: "things",
      trim: (whole) => whole,
      clock,
      random: () => 0.5,
      logger: recordingLogger([]),
    },
  );
  return { reflector, clock, stop, ended: reflector.run(stop.signal) };
}

const expired: WatchEvent<KubeObject, ApiStatus> = { type: "ERROR", object: { code: 410 } };

function short(event: ReflectorEvent<KubeObject>): string {
  return "name" in event.object.metadata
    ? `${event.type} ${event.object.metadata.name}`
    : event.type;
}

Deno.test("CachingReflector holds what the list and the watches say", async () => {
  const { reflector, clock, stop, ended } = reflecting(
    [[object("a", "1"), object("b", "1")], [object("b", "1"), object("c", "5")]],
    [[{ type: "MODIFIED", object: object("a", "2") }, expired]],
  );
  assert.equal(reflector.isSynced(), false);
  await clock.advance(10);
  assert.equal(reflector.isSynced(), true);
  assert.equal(reflector.getCached("", "a")?.metadata.resourceVersion, "2");
  assert.equal(reflector.getCached("undefined", "a"), undefined);
  await clock.advance(1_000);
  assert.deepEqual([...reflector.listCached()].map(({ metadata }) => metadata.name), ["b", "c"]);
  stop.abort();
  await ended;
});

Deno.test("CachingReflector lets observers see what there is, then each change, until it ends", async () => {
  const { reflector, clock, stop, ended } = reflecting(
    [[object("a", "1"), object("b", "1")], [object("b", "1"), object("c", "5")]],
    [[{ type: "MODIFIED", object: object("a", "2") }, expired]],
  );
  const early = Array.fromAsync(reflector.observeAll(), short);
  await clock.advance(10);
  await clock.advance(1_000);
  const late = Array.fromAsync(reflector.observeAll(), short);
  await clock.advance(10);
  stop.abort();
  await ended;
  assert.deepEqual(await early, [
    "ADDED a",
    "ADDED b",
    "SYNCED",
    "MODIFIED a",
    "ADDED c",
    "DELETED a",
    "SYNCED",
  ]);
  assert.deepEqual(await late, ["ADDED b", "ADDED c", "SYNCED"]);
});

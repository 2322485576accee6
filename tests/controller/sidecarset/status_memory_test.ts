import assert from "node:assert/strict";
import { StatusMemory } from "../../../lib/controller/sidecarset/status_memory.ts";
import { NO_PODS } from "../../../lib/core/status/pod_class.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { sidecarSetOf } from "../../support/objects.ts";

const status = () => ({ observedGeneration: 1, latestRevision: "web-1" });

/** After a status was written, and its answer read. */
function afterWrite(): StatusMemory {
  const memory = new StatusMemory(sidecarSetOf(), { counts: NO_PODS, clock: new ManualClock() });
  memory.written = status();
  memory.reported = memory.written;
  memory.kept = status();
  return memory;
}

Deno.test("StatusMemory keeps no copy of a status that the index has", () => {
  const memory = afterWrite();
  const indexed = status();
  memory.shareWith(indexed);
  assert.equal(memory.written, indexed);
  assert.equal(memory.reported, indexed);
  assert.equal(memory.kept, indexed);
});

Deno.test("StatusMemory keeps what was written where the index has another status", () => {
  for (const indexed of [undefined, { ...status(), matchedPods: 1 }]) {
    const memory = afterWrite();
    memory.shareWith(indexed);
    assert.deepEqual(memory.written, status());
    assert.deepEqual(memory.kept, status());
  }
});

Deno.test("StatusMemory keeps what the API server has stored in addition", () => {
  const memory = afterWrite();
  const kept = { ...status(), other: true };
  memory.kept = kept;
  memory.shareWith(status());
  assert.equal(memory.kept, kept);
});

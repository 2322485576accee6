import assert from "node:assert/strict";
import { isObject } from "../../../lib/api/json.ts";
import { prepareSidecarSet } from "../../../lib/core/defaults/prepare.ts";
import { createEngine } from "../../support/engine.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const inForceSince = "2026-01-31T00:00:00Z";

/** A controller at work whose status writes are stored, and brought by the watch before or after their answer. */
function setUp(order: "watch first" | "answer first", { takenNames = 0 } = {}) {
  let refusals = 0;
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  let version = 10;
  const client = new RecordingClient(({ method, path, body }) => {
    if (path.endsWith("controllerrevisions") && refusals++ < takenNames) {
      return { httpCode: 409, status: { reason: "AlreadyExists" } };
    }
    if (method !== "PATCH" || !path.endsWith("/status") || !isObject(body)) {
      return { metadata: {}, ...Object(body) };
    }
    const known = index.sidecarSets.get("web");
    const metadata = { ...known?.sidecarSet.metadata, resourceVersion: String(version++) };
    const stored = { ...known?.sidecarSet, metadata, status: body.status };
    if (order === "watch first") apply(stored);
    return stored;
  });
  const apply = (object: unknown) => {
    const read = prepareSidecarSet(object, { problemsOf: () => [] });
    assert.ok(read.ok);
    index.applySidecarSet(read.value);
  };
  let reconciliations = 0;
  const { index, loop } = createEngine({
    client,
    clock,
    registrationOf() {
      reconciliations++;
      return { inForceSince, registeredSince: inForceSince };
    },
    onStoredSidecarSet: apply,
  });
  const statuses = () => client.requests.filter(({ path }) => path.endsWith("/status")).length;
  return { clock, index, loop, apply, statuses, reconciliations: () => reconciliations };
}

for (const order of ["watch first", "answer first"] as const) {
  Deno.test(`a status that the controller wrote itself costs no further reconciliation (${order})`, async () => {
    const { clock, index, loop, statuses, reconciliations } = setUp(order);
    const web = sidecarSetOf();
    const stop = new AbortController();
    const running = loop.run(stop.signal);
    index.applySidecarSet(web);
    for (let i = 0; i < 100; i++) await clock.advance(50);
    const [writes, before] = [statuses(), reconciliations()];
    assert.ok(writes > 0);
    index.applyPod(podOf({ injected: [web] }));
    for (let i = 0; i < 100; i++) await clock.advance(50);
    assert.equal(statuses(), writes + 1);
    assert.equal(reconciliations(), before + 1);
    stop.abort();
    await running;
  });
}

Deno.test("only a revision that another client stored costs a further reconciliation", async () => {
  const { clock, index, loop, statuses, reconciliations } = setUp("answer first");
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  index.applySidecarSet(sidecarSetOf());
  for (let i = 0; i < 100; i++) await clock.advance(50);
  const [stored] = index.revisions.of("web");
  assert.ok(stored);
  assert.deepEqual([reconciliations(), statuses()], [1, 1]);
  const metadata = { ...stored.metadata, resourceVersion: "99" };
  index.applyRevision({ ...stored, metadata, revision: 7 });
  for (let i = 0; i < 100; i++) await clock.advance(50);
  assert.equal(reconciliations(), 2);
  stop.abort();
  await running;
});

Deno.test("a status that another client wrote is reconciled", async () => {
  const { clock, index, loop, apply, reconciliations } = setUp("answer first");
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  index.applySidecarSet(sidecarSetOf());
  for (let i = 0; i < 100; i++) await clock.advance(50);
  const before = reconciliations();
  const known = index.sidecarSets.get("web")?.sidecarSet;
  const metadata = { ...known?.metadata, resourceVersion: "99" };
  apply({ ...known, metadata, status: { ...known?.status, matchedPods: 7 } });
  for (let i = 0; i < 100; i++) await clock.advance(50);
  assert.ok(reconciliations() > before);
  stop.abort();
  await running;
});

Deno.test("a revision whose name is taken is stored under the next name", async () => {
  const { clock, index, loop } = setUp("answer first", { takenNames: 1 });
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  index.applySidecarSet(sidecarSetOf());
  for (let i = 0; i < 100; i++) await clock.advance(50);
  assert.equal(index.revisions.of("web").length, 1);
  assert.equal(index.sidecarSets.get("web")?.sidecarSet.status?.collisionCount, 1);
  stop.abort();
  await running;
});

Deno.test("a changed spec is reconciled without a delay", async () => {
  const { clock, index, loop, reconciliations } = setUp("answer first");
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  index.applySidecarSet(sidecarSetOf({ generation: 1 }));
  for (let i = 0; i < 100; i++) await clock.advance(50);
  const before = reconciliations();
  index.applySidecarSet(sidecarSetOf({ generation: 2, resourceVersion: "98" }));
  await clock.advance(0);
  assert.equal(reconciliations(), before + 1);
  stop.abort();
  await running;
});

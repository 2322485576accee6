import assert from "node:assert/strict";
import type { SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import { InterimStatuses } from "../../../lib/controller/sidecarset/interim_statuses.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { sidecarSetOf } from "../../support/objects.ts";

function statusOf(reason: string): SidecarSetStatus {
  const condition = { type: "Ready", status: "False", reason, message: "", lastTransitionTime: "" };
  return { conditions: [condition] } as SidecarSetStatus;
}

const settling = statusOf("RegistrationSettling");

function setUp() {
  const clock = new ManualClock();
  const interim = new InterimStatuses(clock);
  const since = clock.monotonic();
  const waitOf = (name: string, status = settling) =>
    interim.waitOf({ ...sidecarSetOf({ name }) }, { since, status, isExamined: true });
  for (let i = 0; i < 16; i++) assert.equal(waitOf(`first-${i}`), 0);
  return { clock, interim, since, waitOf };
}

Deno.test("of many new SidecarSets the first ones get a status before their registration has settled", () => {
  const { waitOf } = setUp();
  assert.equal(waitOf("next"), 10_000);
  assert.equal(waitOf("first-3"), 0, "goes on");
});

Deno.test("a first status does not wait for a result that stays", () => {
  const { waitOf } = setUp();
  for (const reason of ["InForce", "InvalidSidecarSet", "InjectionPaused", "ScopeTooLarge"]) {
    assert.equal(waitOf("next", statusOf(reason)), 0, reason);
  }
});

Deno.test("a settled SidecarSet, or a deleted one, makes room for the next", () => {
  const { interim, waitOf } = setUp();
  waitOf("first-0", statusOf("InForce"));
  assert.equal(waitOf("second"), 0);
  assert.equal(waitOf("third"), 10_000);
  interim.forget("first-1");
  assert.equal(waitOf("third"), 0);
});

Deno.test("a first status waits for ten seconds at most", async () => {
  const { clock, waitOf } = setUp();
  await clock.advance(9_000);
  assert.equal(waitOf("next"), 1_000);
  await clock.advance(1_000);
  assert.equal(waitOf("next"), 0);
});

Deno.test("a SidecarSet that has a status gets the next one at once", () => {
  const { interim, since } = setUp();
  const found = sidecarSetOf({ name: "known" });
  const prepared = { ...found, sidecarSet: { ...found.sidecarSet, status: settling } };
  assert.equal(interim.waitOf(prepared, { since, status: settling, isExamined: true }), 0);
});

Deno.test("a status waits until it is examined again after a start, for half a minute at most", async () => {
  const { clock, interim, since } = setUp();
  const prepared = sidecarSetOf({ name: "known" });
  const waitOf = (isExamined: boolean) =>
    interim.waitOf(prepared, { since, status: statusOf("InForce"), isExamined });
  await clock.advance(20_000);
  assert.equal(waitOf(false), 10_000);
  assert.equal(waitOf(true), 0);
  await clock.advance(10_000);
  assert.equal(waitOf(false), 0);
});

import assert from "node:assert/strict";
import { Expectations } from "../../../lib/controller/rollout/expectations.ts";
import { ApiError, ConnectionError } from "../../../lib/kube/errors.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { podOf } from "../../support/objects.ts";

const request = { method: "PATCH", path: "/pods/a" };
const lost = new ConnectionError({ ...request, problem: "no answer" });
const answered = (httpCode: number) => new ApiError({ ...request, httpCode });
const pod = podOf({ name: "a", resourceVersion: "5" });
const key = "default/a";

function expecting(error: unknown) {
  const clock = new ManualClock();
  const expectations = new Expectations(clock);
  expectations.afterFailure(pod, { key, error });
  return { clock, expectations };
}

Deno.test("Expectations waits for a Pod while it is not known whether a write took effect", () => {
  for (const error of [lost, answered(500), answered(504), answered(409)]) {
    const { expectations } = expecting(error);
    assert.deepEqual([...expectations.open(() => pod).uids], ["uid-of-a"]);
  }
});

Deno.test("Expectations expects nothing of a write that was refused", () => {
  for (const code of [422, 403, 429]) {
    assert.equal(expecting(answered(code)).expectations.open(() => pod).uids.size, 0);
  }
});

Deno.test("Expectations ends with a newer state of the Pod, and with the Pod", () => {
  const newer = podOf({ name: "a", resourceVersion: "6" });
  const another = podOf({ name: "a", resourceVersion: "5", uid: "another" });
  for (const found of [newer, another, undefined]) {
    const { expectations } = expecting(lost);
    assert.equal(expectations.open(() => found).uids.size, 0);
    assert.equal(expectations.size, 0);
  }
});

Deno.test("Expectations expire, whatever the wall clock says", async () => {
  const { clock, expectations } = expecting(lost);
  clock.setWall(new Date(0));
  assert.equal(expectations.open(() => pod).wait, 30_000);
  await clock.advance(29_999);
  assert.equal(expectations.open(() => pod).uids.size, 1);
  await clock.advance(1);
  assert.equal(expectations.open(() => pod).uids.size, 0);
});

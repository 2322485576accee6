import assert from "node:assert/strict";
import { TokenBucket } from "../../lib/controller/token_bucket.ts";
import { ManualClock } from "../support/manual_clock.ts";

Deno.test("TokenBucket gives a burst at once, then tokens at its rate, and holds no more than a burst", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ clock, burst: 3, perSecond: 2 });
  const taken = () => Array.from({ length: 5 }, () => bucket.take()).filter((isTaken) => isTaken);
  assert.equal(taken().length, 3);
  assert.equal(bucket.wait, 500);
  await clock.advance(1_000);
  assert.equal(taken().length, 2);
  await clock.advance(60_000);
  assert.equal(taken().length, 3);
});

Deno.test("TokenBucket lends a token, for which the next one is waited longer", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ clock, burst: 1, perSecond: 1 });
  bucket.spend();
  assert.equal(bucket.wait, 1_000);
  bucket.spend();
  assert.equal(bucket.wait, 2_000);
});

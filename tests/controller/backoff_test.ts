import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Failures } from "../../lib/controller/backoff.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";

const answered = (httpCode: number, retryAfterSeconds?: number) =>
  new ApiError({
    method: "PATCH",
    path: "/",
    httpCode,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
const failed = (httpCode: number, group?: string) => ({
  error: answered(httpCode),
  message: "no",
  ...(group === undefined ? {} : { group }),
});

/** The delays after writes of one object that fail one after the other. */
async function delays(errors: readonly unknown[], random = 1): Promise<number[]> {
  const clock = new ManualClock();
  const failures = new Failures({ clock, random: () => random });
  const found: number[] = [];
  for (const error of errors) {
    failures.record("a", { error, message: "no" });
    const wait = failures.wait ?? 0;
    found.push(wait);
    await clock.advance(wait);
    assert.ok(failures.mayTry("a"));
  }
  return found;
}

Deno.test("Failures doubles the delay of a refused object, up to five minutes", async () => {
  const refusals = Array.from({ length: 12 }, () => answered(403));
  assert.deepEqual((await delays(refusals)).slice(0, 4), [500, 1_000, 2_000, 4_000]);
  assert.deepEqual((await delays(refusals)).slice(-2), [300_000, 300_000]);
});

Deno.test("Failures retries soon after a fault of the API server, which is no refusal", async () => {
  const faults = [503, 500, 429, 503, 503, 503, 503].map((code) => answered(code));
  assert.deepEqual(await delays(faults), [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  const mixed = [answered(403), ...faults, answered(403)];
  assert.equal((await delays(mixed)).at(-1), 1_000);
  assert.equal((await delays([answered(503, 3_600)]))[0], 5_000, "an hour to wait");
  assert.equal((await delays([answered(429, 3)]))[0], 3_000);
});

Deno.test("Failures spreads objects that failed together", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
      (chances) => {
        const clock = new ManualClock();
        const rest = [...chances];
        const failures = new Failures({ clock, random: () => rest.shift() ?? 0 });
        chances.forEach((_, i) => failures.record(`uid-${i}`, failed(403)));
        const times = [...failures.retryTimes().values()].map((time) =>
          time - clock.now().getTime()
        );
        assert.ok(times.every((time) => time > 249 && time < 501));
        const isNear = (time: number, i: number) =>
          Math.abs(time - 250 - 250 * (chances[i] ?? 0)) < 0.001;
        assert.ok(times.every(isNear), `${times}`);
      },
    ),
  );
});

Deno.test("Failures releases the refused object of a group that was tried longest ago", async () => {
  const clock = new ManualClock();
  const failures = new Failures({ clock, random: () => 1 });
  const refuse = (uid: string, group: string) => failures.record(uid, failed(403, group));
  for (const [uid, group] of [["a", "one"], ["b", "two"], ["c", "two"]] as const) {
    refuse(uid, group);
  }
  failures.record("d", failed(503, "two"));
  for (let i = 0; i < 10; i++) {
    for (const [uid, group] of [["a", "one"], ["c", "two"], ["b", "two"]] as const) {
      refuse(uid, group);
    }
  }
  failures.release("two");
  assert.deepEqual(["a", "b", "c", "d"].filter((uid) => failures.mayTry(uid)), ["c"]);
  failures.release("unknown");
  assert.deepEqual(["a", "b", "c"].filter((uid) => failures.mayTry(uid)), ["a", "c"]);
  refuse("c", "two");
  await clock.advance(500);
  assert.ok(failures.mayTry("c"), "what refuses may learn late of what has changed");
  for (const delay of [1_000, 2_000]) {
    refuse("c", "two");
    await clock.advance(delay - 1);
    assert.equal(failures.mayTry("c"), false);
    await clock.advance(1);
    assert.equal(failures.mayTry("c"), true);
  }
  refuse("c", "two");
  await clock.advance(200_000);
  assert.equal(failures.mayTry("c"), false, "and then it waits as long as before");
});

Deno.test("Failures keeps only the given entries", () => {
  const failures = new Failures({ clock: new ManualClock() });
  for (const uid of ["a", "b"]) failures.record(uid, failed(403));
  failures.keepOnly(new Set(["b"]));
  failures.release(undefined);
  assert.deepEqual([failures.size, failures.mayTry("b")], [1, true]);
  failures.forget("b");
  assert.equal(failures.size, 0);
});

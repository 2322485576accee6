import assert from "node:assert/strict";
import fc from "fast-check";
import { ALLOWED } from "../../lib/webhook/decisions.ts";
import { BodyBudget } from "../../lib/webhook/json_body.ts";
import { handlerWith, post, recordedReview } from "./fixtures.ts";

const REVIEW = recordedReview("bare-pod");
const KIBIBYTE = 1024;
const MEBIBYTE = KIBIBYTE * KIBIBYTE;
/** As JSON allows behind a value. */
const padded = (bytes: number) => REVIEW + " ".repeat(bytes - REVIEW.length);

function announced(body: string, length = body.length): Request {
  const headers = { "content-type": "application/json", "content-length": String(length) };
  return post(body, { headers });
}

Deno.test("createHandler() answers 429 beyond the bytes under review, and keeps room for usual bodies", async () => {
  const pending: (() => void)[] = [];
  const handler = handlerWith({
    maxBytesUnderReview: 3 * MEBIBYTE,
    reviews: {
      mutatePod: () => new Promise((resolve) => pending.push(() => resolve(ALLOWED))),
    },
  });
  const until = async (count: number) => {
    while (pending.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const large = padded(1.5 * MEBIBYTE);
  const first = handler(announced(large));
  await until(1);
  for (const request of [announced(large), post(large)]) {
    const refused = await handler(request);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.match(await refused.text(), /too many bytes are under review/);
  }
  const usual = handler(announced(REVIEW));
  await until(2);
  for (const finish of pending) finish();
  assert.deepEqual((await Promise.all([first, usual])).map(({ status }) => status), [200, 200]);
  const next = handler(announced(large));
  await until(3);
  pending.at(-1)?.();
  assert.equal((await next).status, 200);
});

Deno.test("createHandler() counts a review until its decision is there, though it was answered 504", async () => {
  const { promise, resolve } = Promise.withResolvers<typeof ALLOWED>();
  let calls = 0;
  const handler = handlerWith({
    maxBytesUnderReview: 2 * MEBIBYTE,
    reviewDeadlineMs: 5,
    reviews: { mutatePod: () => calls++ === 0 ? promise : ALLOWED },
  });
  const large = padded(0.9 * MEBIBYTE);
  assert.equal((await handler(announced(large))).status, 504);
  assert.equal((await handler(announced(large))).status, 429);
  resolve(ALLOWED);
  await promise;
  assert.equal((await handler(announced(large))).status, 200);
});

Deno.test("createHandler() has its whole budget again after every kind of answer", async () => {
  const handler = handlerWith({
    maxBytesUnderReview: 2 * MEBIBYTE,
    maxBodyBytes: MEBIBYTE,
    bodyDeadlineMs: 5,
    reviews: {
      mutatePod({ uid }) {
        if (uid === "throws") throw new Error("a bug");
        return uid === "rejects" ? Promise.reject(new Error("a bug")) : ALLOWED;
      },
    },
  });
  const stalled = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const withUid = (uid: string) => {
    const review = JSON.parse(REVIEW);
    return JSON.stringify({ ...review, request: { ...review.request, uid } });
  };
  const bodies: Record<string, [() => Request, number]> = {
    "no JSON": [() => announced("x".repeat(200 * KIBIBYTE)), 400],
    "no review": [() => announced("[" + "1,".repeat(90 * KIBIBYTE) + "1]"), 400],
    "another kind": [() => announced(REVIEW.replaceAll('"kind":"Pod"', '"kind":"Node"')), 400],
    "too long": [() => post(padded(1.5 * MEBIBYTE)), 413],
    "stalled": [() => post(stalled()), 408],
    "throws": [() => announced(withUid("throws")), 500],
    "rejects": [() => announced(withUid("rejects")), 500],
  };
  for (const [what, [request, status]] of Object.entries(bodies)) {
    for (let i = 0; i < 20; i++) assert.equal((await handler(request())).status, status, what);
    assert.equal((await handler(post(padded(MEBIBYTE)))).status, 200, `after ${what}`);
  }
});

Deno.test("BodyBudget never gives more than it has, nor more to large bodies than is theirs", () => {
  const step = fc.record({
    share: fc.nat(5),
    bytes: fc.nat(60),
    release: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const budget = new BodyBudget({ maxBytes: 100, maxLargeBytes: 70 });
    const shares = Array.from({ length: 6 }, (_, place) => ({
      isLarge: place % 2 === 0,
      bytes: 0,
      share: budget.share({ isLarge: place % 2 === 0 }),
    }));
    for (const { share: place, bytes, release } of steps) {
      const one = shares[place];
      if (!one) continue;
      const sum = (large: boolean) =>
        shares.reduce((total, each) => each.isLarge || !large ? total + each.bytes : total, 0);
      if (release) {
        one.share.release();
        one.bytes = 0;
        continue;
      }
      const fits = sum(false) + bytes <= 100 && (!one.isLarge || sum(true) + bytes <= 70);
      assert.equal(one.share.grow(bytes), fits);
      if (fits) one.bytes += bytes;
    }
  }));
});

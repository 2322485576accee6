import assert from "node:assert/strict";
import { CurrentSidecarSets } from "../../lib/webhook/current_sidecarsets.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** A process that knows some SidecarSets, and an API server that answers when the test says so. */
function setUp(known: number) {
  const clock = new ManualClock();
  const counts: PromiseWithResolvers<number>[] = [];
  const current = new CurrentSidecarSets({
    clock,
    readCount() {
      const count = Promise.withResolvers<number>();
      counts.push(count);
      return count.promise;
    },
    knownCount: () => known,
  });
  const wait = () => {
    const result = { isCurrent: false };
    void current.untilCurrent().then(() => result.isCurrent = true);
    return result;
  };
  const learn = (count: number) => {
    known = count;
    current.observe();
  };
  return { clock, counts, wait, learn };
}

Deno.test("CurrentSidecarSets waits until as many SidecarSets are known as the API server has", async () => {
  const { clock, counts, wait, learn } = setUp(2);
  const result = wait();
  counts[0]?.resolve(4);
  for (const [known, isCurrent] of [[2, false], [3, false], [4, true]] as const) {
    learn(known);
    await clock.advance(0);
    assert.equal(result.isCurrent, isCurrent, `${known} are known`);
  }
});

Deno.test("CurrentSidecarSets does not wait for a deletion that is not known yet", async () => {
  const { clock, counts, wait } = setUp(5);
  const result = wait();
  counts[0]?.resolve(4);
  await clock.advance(0);
  assert.equal(result.isCurrent, true);
});

Deno.test("CurrentSidecarSets counts once for all that wait meanwhile, and after they began to", async () => {
  const { clock, counts, wait } = setUp(1);
  const [first, second, third] = [wait(), wait(), wait()];
  await clock.advance(0);
  assert.equal(counts.length, 1);
  counts[0]?.resolve(1);
  await clock.advance(0);
  assert.deepEqual([first.isCurrent, second.isCurrent, counts.length], [true, false, 2]);
  counts[1]?.resolve(1);
  await clock.advance(0);
  assert.deepEqual([second.isCurrent, third.isCurrent, counts.length], [true, true, 2]);
});

Deno.test("CurrentSidecarSets ends in time if SidecarSets do not arrive or cannot be counted", async () => {
  const lagging = setUp(1);
  const late = lagging.wait();
  lagging.counts[0]?.resolve(2);
  await lagging.clock.advance(1_999);
  assert.equal(late.isCurrent, false);
  await lagging.clock.advance(1);
  assert.equal(late.isCurrent, true);

  const failing = setUp(1);
  const [refused, next] = [failing.wait(), failing.wait()];
  failing.counts[0]?.reject(new Error("no"));
  await failing.clock.advance(0);
  assert.deepEqual([refused.isCurrent, next.isCurrent, failing.counts.length], [true, false, 2]);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { UpdateStrategy } from "../../../lib/api/strategies.ts";
import { orderPods } from "../../../lib/core/rollout/order.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { scatter } from "../../../lib/core/rollout/scatter.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";
import { pod } from "./scene.ts";

function ordered(strategy: UpdateStrategy, pods: readonly ReturnType<typeof pod>[]) {
  return runAtOnce(orderPods(deepFrozen(pods), strategy, pods)).map(({ metadata }) =>
    metadata.name
  );
}

Deno.test("orderPods() puts Pods that are not ready before ready ones, and the youngest first", () => {
  assert.deepEqual(
    ordered({}, [
      pod("old", { readySince: "2026-01-01T00:00:00Z" }),
      pod("young", { readySince: "2026-02-01T00:00:00Z" }),
      pod("down", { ready: false }),
    ]),
    ["down", "young", "old"],
  );
});

Deno.test("orderPods() puts larger trailing numbers first and Pods without any key last", () => {
  const strategy = { priorityStrategy: { orderPriority: [{ orderedKey: "n" }] } };
  assert.deepEqual(
    ordered(strategy, [
      pod("none"),
      pod("two", { labels: { n: "sts-2" } }),
      pod("ten", { labels: { n: "sts-10" } }),
      pod("word", { labels: { n: "word" } }),
    ]),
    ["ten", "two", "word", "none"],
  );
});

Deno.test("orderPods() puts the largest sum of weights first", () => {
  const term = (key: string, weight: number) => ({
    weight,
    matchSelector: { matchLabels: { [key]: "y" } },
  });
  const strategy = { priorityStrategy: { weightPriority: [term("a", 1), term("b", 2)] } };
  assert.deepEqual(
    ordered(strategy, [
      pod("one", { labels: { a: "y" } }),
      pod("both", { labels: { a: "y", b: "y" } }),
      pod("two", { labels: { b: "y" } }),
    ]),
    ["both", "two", "one"],
  );
});

Deno.test("scatter() keeps every item, each once", () => {
  const labels = fc.constantFrom({ k: "a" }, { k: "b" }, { j: "a" }, {});
  const terms = fc.array(fc.record({
    key: fc.constantFrom("k", "j"),
    value: fc.constantFrom("a", "b", "*"),
  }));
  fc.assert(fc.property(fc.array(labels), terms, fc.nat(), (all, used, from) => {
    const items = all.map((label, index) => ({ label, index }));
    const waiting = items.slice(from % (items.length + 1));
    const labelsOf = ({ label }: typeof items[number]) => label;
    const result = runAtOnce(scatter(waiting, used, { all: items, labelsOf }));
    assert.deepEqual([...result].sort((a, b) => a.index - b.index), waiting);
  }));
});

/** More than a call can take as its arguments. */
const MANY = 300_000;

for (const [what, isMatch] of Object.entries({ one: 1, "all but three": MANY - 3 })) {
  Deno.test(`scatter() spreads 300,000 items of which ${what} of the first have the label, in steps`, () => {
    const items = Array.from({ length: MANY }, (_, index) => ({
      labels: index < isMatch + 1 ? { zone: "a" } : undefined,
    }));
    let most = 0;
    let read = 0;
    const labelsOf = ({ labels }: typeof items[number]) => {
      most = Math.max(most, ++read);
      return labels ?? {};
    };
    const steps = scatter(items, [{ key: "zone", value: "a" }], { all: items, labelsOf });
    let { done, value: spread } = steps.next();
    while (!done) {
      read = 0;
      ({ done, value: spread } = steps.next());
    }
    assert.ok(most <= 1_000, `${most} items between two pauses`);
    assert.equal(new Set(spread).size, MANY);
    assert.ok(spread?.at(-1)?.labels, "one with the label comes last");
  });
}

Deno.test("scatter() does not compare each of 20,000 items with as many values of a label", () => {
  const items = Array.from({ length: 20_000 }, (_, index) => ({ name: `p-${index}` }));
  const terms = [{ key: "name", value: "*" }];
  let comparisons = 0;
  const labelsOf = (labels: { name: string }) => {
    comparisons++;
    return labels;
  };
  assert.equal(runAtOnce(scatter(items, terms, { all: items, labelsOf })), items);
  assert.ok(comparisons < items.length ** 2 / 4, `${comparisons} comparisons`);
});

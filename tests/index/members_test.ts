import assert from "node:assert/strict";
import { runAtOnce } from "../../lib/core/steps.ts";
import fc from "fast-check";
import { countPods, hasTrait, type PodClass, PodTrait } from "../../lib/core/status/pod_class.ts";
import { Members } from "../../lib/index/members.ts";

const traits = Object.values(PodTrait);
const podClass = fc.subarray(traits).map((chosen): PodClass =>
  chosen.reduce((sum, trait) => sum + trait, 0)
);
const changes = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), podClass), {
  maxLength: 40,
});

Deno.test("Members equals what a recount of all Pods gives after any changes", () => {
  fc.assert(fc.property(changes, (steps) => {
    const members = new Members();
    const classes = new Map<string, PodClass>();
    for (const [key, after] of steps) {
      members.set(key, after);
      classes.set(key, after);
    }
    const having = (is: (found: PodClass) => boolean) =>
      [...classes].filter(([, found]) => is(found)).map(([key]) => key).toSorted();
    const has = (trait: number) => (found: PodClass) => hasTrait(found, trait);
    const matched = has(PodTrait.Matched);
    const lacking = (trait: number) => having((found) => matched(found) && !hasTrait(found, trait));
    assert.deepEqual(members.counts, countPods(classes.values()));
    assert.deepEqual([...members.outdated].toSorted(), lacking(PodTrait.Updated));
    assert.deepEqual([...members.unready].toSorted(), lacking(PodTrait.Ready));
    assert.deepEqual([...members.halfUpgraded].toSorted(), having(has(PodTrait.HalfUpgraded)));
    assert.deepEqual([...members.drifted].toSorted(), having(has(PodTrait.Drifted)));
    assert.deepEqual([...members.rewritten].toSorted(), having(has(PodTrait.Rewritten)));
    assert.deepEqual([...members.missed].toSorted(), having(has(PodTrait.Missed)));
    assert.deepEqual([...members.classes.keys()].toSorted(), having((found) => found !== 0));
  }));
});

Deno.test("Members keeps the updated and ready Pods that changed since they had settled", () => {
  const { Matched, Updated, Ready } = PodTrait;
  const ready = Matched | Updated | Ready;
  const members = new Members();
  for (const key of ["a", "b"]) members.set(key, ready);
  members.set("outdated", Matched | Ready);
  runAtOnce(members.collectSettling());
  assert.deepEqual([...members.settling], ["a", "b"]);
  for (const key of members.settling) members.settled(key);
  assert.deepEqual([...members.settling], []);
  members.set("b", ready);
  members.set("c", ready);
  assert.deepEqual([...members.settling], ["b", "c"], "what has changed");
  members.set("b", Matched | Updated);
  members.set("c", 0);
  assert.deepEqual([...members.settling], []);
  members.restartSettling();
  runAtOnce(members.collectSettling());
  assert.deepEqual([...members.settling], ["a"]);
});

Deno.test("Members collects Pods that change between two steps as they are then", () => {
  const { Matched, Updated, Ready } = PodTrait;
  const ready = Matched | Updated | Ready;
  const members = new Members();
  const keys = Array.from({ length: 3_000 }, (_, i) => `pod-${i}`);
  for (const key of keys) members.set(key, ready);
  const steps = members.collectSettling();
  steps.next();
  members.set("pod-0", Matched | Updated);
  members.set("pod-2999", Matched | Updated);
  members.set("new", ready);
  runAtOnce(steps);
  const expected = [...keys.slice(1, -1), "new"];
  assert.deepEqual([...members.settling].toSorted(), expected.toSorted());
});

Deno.test("Members says whether a plan may come out otherwise", () => {
  const { Matched, Updated, Ready } = PodTrait;
  const members = new Members();
  assert.equal(members.set("a", Matched | Updated | Ready), true);
  assert.equal(members.set("a", Matched | Updated | Ready), false, "an updated Pod");
  assert.equal(members.set("a", Matched | Updated), true, "it is not ready any more");
  assert.equal(members.set("a", Matched), true);
  assert.equal(members.set("a", Matched), true, "the resourceVersion of an outdated Pod matters");
});

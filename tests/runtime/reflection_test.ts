import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Change } from "../../lib/kube/reflector_types.ts";
import { runAtOnce } from "../../lib/core/steps.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { changeApplier } from "../../lib/runtime/reflection.ts";
import { type LogLine, recordingLogger } from "../faults/reflecting.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

/** Holds names, except "bad", and records its calls in order. */
function holder(known: string[] = []) {
  const held = new Set(known);
  const calls: string[] = [];
  const log: LogLine[] = [];
  const nameOf = ({ metadata }: KubeObject) => metadata.name ?? "";
  const take = changeApplier<KubeObject>({
    name: "things",
    known: () => [...held],
    keyOf: nameOf,
    apply(object) {
      if (nameOf(object) === "bad") throw new RangeError("a bug");
      held.add(nameOf(object));
      calls.push(`+${nameOf(object)}`);
    },
    delete(name) {
      held.delete(name);
      calls.push(`-${name}`);
    },
    onListed: () => calls.push("listed"),
  }, { logger: recordingLogger(log) });
  return { held, calls, log, take };
}

function page(names: readonly string[], { first }: { first: boolean }): Change<KubeObject> {
  return { type: "page", items: names.map((name) => ({ metadata: { name } })), first };
}

function listed(): Change<KubeObject> {
  return { type: "listed", resourceVersion: "1" };
}

Deno.test("changeApplier() applies each page immediately, and deletes what the list does not have", async () => {
  const { calls, take } = holder(["a", "gone"]);
  take(page(["a"], { first: true }));
  assert.deepEqual(calls, ["+a"]);
  take(page(["b"], { first: false }));
  await take(listed());
  assert.deepEqual(calls, ["+a", "+b", "-gone", "listed"]);
});

Deno.test("changeApplier() deletes in steps, so that a large store does not hold the event loop", async () => {
  const held = new Set(Array.from({ length: 1_000 }, (_, i) => `object-${i}`));
  let pauses = 0;
  let listings = 0;
  const take = changeApplier<KubeObject>({
    name: "things",
    known: () => held.keys(),
    keyOf: ({ metadata }) => metadata.name ?? "",
    apply() {},
    delete: (key) => void held.delete(key),
    onListed: () => void listings++,
  }, {
    logger: recordingLogger([]),
    async runSteps(steps) {
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value;
        pauses++;
        await Promise.resolve();
      }
    },
  });
  take(page(["object-0", "object-500"], { first: true }));
  const applied = take(listed());
  assert.equal(listings, 0);
  await applied;
  assert.deepEqual([...held], ["object-0", "object-500"]);
  assert.ok(pauses >= 9);
  assert.equal(listings, 1);
});

Deno.test("changeApplier() forgets versions in steps, so that a rollback does not hold the event loop", async () => {
  const index = new ClusterIndex();
  const names = Array.from({ length: 500 }, (_, i) => `web-${i}`);
  for (const name of names) index.applyPod(podOf({ name, resourceVersion: "9" }));
  let pauses = 0;
  const take = changeApplier<KubeObject>({
    name: "pods",
    known: () => index.pods.keys(),
    keyOf: ({ metadata }) => metadata.name ?? "",
    apply() {},
    delete() {},
    forgetVersions: () => index.pods.forgetVersions(),
  }, {
    logger: recordingLogger([]),
    async runSteps(steps) {
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value;
        // A Pod that comes or goes meanwhile is no obstacle.
        index.applyPod(podOf({ name: `late-${pauses}`, resourceVersion: "9" }));
        const [gone = ""] = index.pods.keys();
        index.deletePod(gone);
        pauses++;
        await Promise.resolve();
      }
    },
  });
  await take({ type: "rolledBack" });
  assert.ok(pauses >= 9);
  const versions = [...index.pods.keys()].map((key) => {
    return index.pods.get(key)?.metadata.resourceVersion;
  });
  assert.equal(versions.length, 500);
  assert.deepEqual(new Set(versions), new Set([undefined]));
});

Deno.test("changeApplier() drops objects of an interrupted list", () => {
  const { held, take } = holder();
  take(page(["gone"], { first: true }));
  take(page(["a"], { first: true }));
  take(listed());
  assert.deepEqual([...held], ["a"]);
});

Deno.test("changeApplier() judges each list by its own pages", () => {
  const { held, take } = holder();
  take(page(["a", "b"], { first: true }));
  take(listed());
  take({ type: "apply", object: { metadata: { name: "c" } } });
  take({ type: "delete", object: { metadata: { name: "a" } } });
  take(page(["c"], { first: true }));
  take(listed());
  assert.deepEqual([...held], ["c"]);
});

Deno.test("changeApplier() leaves an object that cannot be applied as it was known, says which, and goes on", () => {
  const { held, log, take } = holder(["bad"]);
  take(page(["a", "bad", "b"], { first: true }));
  take(listed());
  take({ type: "apply", object: { metadata: { name: "bad" } } });
  assert.deepEqual([...held].toSorted(), ["a", "b", "bad"]);
  assert.deepEqual(log.map(({ level, fields }) => [level, fields["watch"], fields["object"]]), [
    ["error", "things", "bad"],
    ["error", "things", "bad"],
  ]);
});

Deno.test("an index takes over a lower version of an object only after a rollback of the store", () => {
  const index = new ClusterIndex();
  const at = (resourceVersion: string, image: string) => {
    const containers = [{ name: "agent", image }];
    return sidecarSetOf({ resourceVersion, spec: { containers } });
  };
  index.applySidecarSet(at("9", "agent:2"));
  const sidecarSet = index.sidecarSets.get("web");
  const pod = podOf({
    name: "web-1",
    resourceVersion: "9",
    injected: sidecarSet ? [sidecarSet] : [],
  });
  index.applyPod(pod);
  const imageOf = () => index.sidecarSets.get("web")?.sidecarSet.spec.containers?.[0]?.image;
  index.applySidecarSet(at("8", "agent:1"));
  assert.equal(imageOf(), "agent:2");
  runAtOnce(index.sidecarSets.forgetVersions());
  runAtOnce(index.pods.forgetVersions());
  assert.equal(index.knowsPod(pod), false, "the same version may be of another state");
  assert.equal(index.pods.countsOf("web").matchedPods, 1);
  index.applySidecarSet(at("8", "agent:1"));
  assert.equal(imageOf(), "agent:1");
});

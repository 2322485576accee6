import assert from "node:assert/strict";
import type { Change } from "../../lib/index/changes.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const PODS = 10;

/** An index with Pods labelled `app=web`, that classifies them three at a time when it is let. */
function slicedIndex() {
  const waiting: (() => boolean)[] = [];
  const errors: unknown[] = [];
  const index = new ClusterIndex({
    slices: {
      pods: 3,
      hasTime: () => true,
      attempt(part) {
        try {
          part();
        } catch (error) {
          errors.push(error);
        }
      },
      run: (work) => void waiting.push(work),
    },
  });
  index.applyNamespace({ metadata: { name: "default", labels: {} } });
  for (let i = 0; i < PODS; i++) index.applyPod(podOf({ name: `pod-${i}` }));
  const changes: Change[] = [];
  index.changes.subscribe((change) => changes.push(change));
  /** Runs one slice; answers whether any is left. */
  const slice = () => {
    const [work] = waiting;
    if (work !== undefined && !work()) waiting.shift();
    return waiting.length > 0;
  };
  return { index, changes, slice, errors };
}

/** A Pod that throws when it is classified, from then on when it is broken. */
function brokenPod(name: string) {
  const pod = podOf({ name });
  const { labels } = pod.metadata;
  let isBroken = false;
  const metadata = Object.defineProperty({ ...pod.metadata }, "labels", {
    get() {
      if (isBroken) throw new Error("broken");
      return labels;
    },
  });
  return { pod: { ...pod, metadata }, break: () => isBroken = true };
}

function named(changes: readonly Change[], kind: Change["kind"]) {
  return changes.filter((change) => change.kind === kind)
    .map(({ sidecarSets }) => [...sidecarSets].toSorted());
}

Deno.test("a new SidecarSet is published at once, and again when all Pods are classified", () => {
  const { index, changes, slice } = slicedIndex();
  index.applySidecarSet(sidecarSetOf());
  assert.deepEqual(named(changes, "sidecarset"), [[]]);
  assert.ok(index.pods.reclassification.isPending("web"));
  assert.equal(index.pods.countsOf("web").uninjectedPods, 3);
  assert.ok(slice());
  assert.equal(index.pods.countsOf("web").uninjectedPods, 6);
  assert.deepEqual(named(changes, "classification"), []);
  let slices = 2;
  while (slice()) slices++;
  assert.equal(slices, 3);
  assert.equal(index.pods.countsOf("web").uninjectedPods, PODS);
  assert.deepEqual(named(changes, "classification"), [["web"]]);
  assert.ok(!index.pods.reclassification.isPending("web"));
});

Deno.test("Pods are classified at once when a decision asks for their shares, not before", () => {
  const { index, changes, slice } = slicedIndex();
  const sidecarSet = sidecarSetOf();
  for (let i = 0; i < PODS; i++) {
    index.applyPod(podOf({ name: `pod-${i}`, resourceVersion: "2", injected: [sidecarSet] }));
  }
  const revision = { revisionName: "web-1", policy: "Partial" as const };
  const spec = { injectionStrategy: { revision } };
  index.applySidecarSet(sidecarSetOf({ spec }));
  assert.ok(index.pods.reclassification.isPending("web"));
  assert.equal(index.pods.countsOf("web").matchedPods, 3);
  assert.deepEqual(index.sharesOf("web"), { matched: PODS, pinned: 0 });
  assert.deepEqual(named(changes, "classification"), [["web"]]);
  assert.ok(!index.pods.reclassification.isPending("web"));
  assert.ok(!slice(), "nothing is left");
  const containers = [{ name: "agent", image: "agent:2" }];
  index.applySidecarSet(sidecarSetOf({ resourceVersion: "2", spec: { ...spec, containers } }));
  assert.deepEqual(index.sharesOf("web"), { matched: PODS, pinned: PODS });
});

Deno.test("a decision does not wait for the classes of another SidecarSet's Pods", () => {
  const { index } = slicedIndex();
  const other = sidecarSetOf({ name: "other" });
  for (let i = 0; i < PODS; i++) {
    index.applyPod(podOf({ name: `pod-${i}`, resourceVersion: "2", injected: [other] }));
  }
  const spec = {
    selector: { matchLabels: { app: "small" } },
    injectionStrategy: { revision: { revisionName: "small-1", policy: "Partial" as const } },
  };
  index.applySidecarSet(sidecarSetOf({ name: "small", spec }));
  index.sharesOf("small");
  index.applySidecarSet(other);
  index.applyNamespace({ metadata: { name: "default", labels: { team: "a" } } });
  assert.deepEqual(index.sharesOf("small"), { matched: 0, pinned: 0 });
  assert.ok(index.pods.reclassification.isPending("other"));
});

Deno.test("a change of few Pods is complete when it is published", () => {
  const { index, changes } = slicedIndex();
  index.applyNamespace({ metadata: { name: "other", labels: {} } });
  index.applyPod(podOf({ name: "pod", namespace: "other" }));
  index.applySidecarSet(
    sidecarSetOf({ spec: { namespaceSelector: { matchLabels: { sidecars: "on" } } } }),
  );
  index.pods.reclassification.work(Infinity, (key) => index.pods.reclassify(key));
  changes.length = 0;
  index.applyNamespace({ metadata: { name: "other", labels: { sidecars: "on" } } });
  assert.deepEqual(named(changes, "namespace"), [["web"]]);
  assert.equal(index.pods.countsOf("web").uninjectedPods, 1);
});

Deno.test("a Pod that cannot be classified stops neither the others nor later changes", () => {
  for (const position of [0, PODS - 1]) {
    const { index, changes, slice, errors } = slicedIndex();
    const broken = brokenPod(`pod-${position}`);
    index.deletePod(`default/pod-${position}`);
    const others = [...index.pods.keys()];
    for (const key of others) index.deletePod(key);
    if (position === 0) index.applyPod(broken.pod);
    for (const key of others) index.applyPod(podOf({ name: key.replace("default/", "") }));
    if (position > 0) index.applyPod(broken.pod);
    broken.break();
    for (const name of ["first", "second"]) {
      changes.length = 0;
      index.applySidecarSet(sidecarSetOf({ name }));
      assert.deepEqual(named(changes, "sidecarset"), [[]], "the change is published");
      while (slice());
      assert.equal(index.pods.countsOf(name).uninjectedPods, PODS - 1);
      assert.ok(named(changes, "classification").flat().includes(name));
    }
    assert.equal(errors.length, 2);
  }
});

Deno.test("a Pod that cannot be classified does not stop what is classified at once", () => {
  const { index, errors } = slicedIndex();
  const broken = brokenPod("broken");
  index.applyPod(broken.pod);
  broken.break();
  index.applySidecarSet(sidecarSetOf());
  index.sharesOf("web");
  assert.equal(index.pods.countsOf("web").uninjectedPods, PODS);
  assert.equal(errors.length, 1);
});

Deno.test("SidecarSets that are created during a pass share the next one", () => {
  const { index, changes, slice } = slicedIndex();
  for (let i = 0; i < 100; i++) index.applySidecarSet(sidecarSetOf({ name: `web-${i}` }));
  let slices = 1;
  while (slice()) slices++;
  assert.ok(slices <= 2 * (Math.floor(PODS / 3) + 1), `${slices} slices`);
  assert.equal(named(changes, "classification").length, 2);
  for (let i = 0; i < 100; i++) {
    assert.equal(index.pods.countsOf(`web-${i}`).uninjectedPods, PODS);
  }
});

Deno.test("a Pod whose turn has not come is classified before its event is applied", () => {
  const { index, slice } = slicedIndex();
  index.applySidecarSet(sidecarSetOf());
  const last = `default/pod-${PODS - 1}`;
  assert.equal(index.pods.classesOf("web").has(last), false);
  index.applyPod(podOf({ name: `pod-${PODS - 1}`, resourceVersion: "2" }));
  assert.equal(index.pods.classesOf("web").has(last), true);
  while (slice());
  assert.equal(index.pods.countsOf("web").uninjectedPods, PODS);
});

Deno.test("a Pod that an event lets a SidecarSet select is not missed, whether its turn has come or not", () => {
  for (const slicesBefore of [0, 10]) {
    const { index, slice } = slicedIndex();
    const effectiveSince = "2026-01-01T00:00:00Z";
    index.applySidecarSet(sidecarSetOf({
      spec: { selector: { matchLabels: { app: "db" } } },
      status: { effectiveSince, observedGeneration: 1 },
    }));
    for (let i = 0; i < slicesBefore; i++) slice();
    const key = `pod-${PODS - 1}`;
    index.applyPod(podOf({ name: key, labels: { app: "db" }, resourceVersion: "2" }));
    while (slice());
    const { uninjectedPods, missedPods } = index.pods.countsOf("web");
    assert.deepEqual({ uninjectedPods, missedPods }, { uninjectedPods: 1, missedPods: 0 });
  }
});

Deno.test("a change during slices is complete when all Pods have classes by the last state", () => {
  const { index, changes, slice } = slicedIndex();
  index.applySidecarSet(sidecarSetOf());
  slice();
  const narrowed = { spec: { selector: { matchLabels: { app: "db" } } } };
  index.applySidecarSet(sidecarSetOf({ ...narrowed, generation: 2, resourceVersion: "2" }));
  assert.deepEqual(named(changes, "classification"), []);
  while (slice()) {
    if (index.pods.countsOf("web").uninjectedPods > 0) {
      assert.ok(index.pods.reclassification.isPending("web"));
    }
  }
  assert.equal(index.pods.countsOf("web").uninjectedPods, 0);
  assert.ok(!index.pods.reclassification.isPending("web"));
  assert.deepEqual(named(changes, "classification").at(-1), ["web"]);
});

Deno.test("Pods of a namespace in slices defer every SidecarSet until they are classified", () => {
  const { index, changes, slice } = slicedIndex();
  index.applySidecarSet(
    sidecarSetOf({ spec: { namespaceSelector: { matchLabels: { sidecars: "on" } } } }),
  );
  index.applySidecarSet(sidecarSetOf({ name: "other", spec: { selector: { matchLabels: {} } } }));
  while (slice());
  const { reclassification } = index.pods;
  assert.ok(!reclassification.defers("other"));
  changes.length = 0;
  index.applyNamespace({ metadata: { name: "default", labels: { sidecars: "on" } } });
  assert.ok(reclassification.defers("web"));
  assert.ok(reclassification.defers("other"), "it selects Pods of the namespace");
  index.applyNamespace({ metadata: { name: "default", labels: { sidecars: "on", team: "a" } } });
  const firstPass = Math.ceil(PODS / 3) + 1;
  for (let i = 1; i < firstPass; i++) slice();
  assert.ok(reclassification.defers("other"), "the second change is not complete");
  while (slice());
  assert.ok(!reclassification.defers("web"));
  assert.equal(index.pods.countsOf("web").uninjectedPods, PODS);
  assert.deepEqual(named(changes, "classification").at(-1), ["other", "web"]);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ObservedPod } from "../../lib/core/observed_pod.ts";
import { countPods, PodTrait } from "../../lib/core/status/pod_class.ts";
import type { ClusterIndex } from "../../lib/index/cluster.ts";
import { PLAIN_POD, PLAIN_SIDECARSET, podAs, sidecarSetAs } from "./cluster_objects.ts";
import { freshIndex, lateCluster } from "./cluster_scene.ts";

const NAMES = ["a", "b", "c"];
const KINDS = ["pods", "sidecarSets", "namespaces"] as const;
const WORKLOADS = ["x", "y"];

const below = (count: number) => fc.nat({ max: count - 1 });
const maybe = (values: readonly string[]) => fc.constantFrom("", ...values);
const name = fc.constantFrom(...NAMES);
const key = fc.constantFrom("one/p", "one/q", "two/p", "two/q", "two/r");
const kind = fc.constantFrom(...KINDS);
const effectiveSince = maybe(["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"]);
const sidecarSet = fc.record({
  ...{ selector: below(3), place: below(3), sidecar: below(3), image: below(2), effectiveSince },
  ...{ paused: fc.boolean(), base: maybe(NAMES) },
});
const pod = fc.record({
  ...{ app: fc.constantFrom("web", "db"), state: below(4), injected: maybe(NAMES) },
  ...{ sidecar: below(3), image: below(2), denied: maybe(NAMES), owner: maybe(WORKLOADS) },
});

/** Some of the fields: what is put again is else what was there. */
function changeOf<T extends object>(form: fc.Arbitrary<T>, fields: readonly (keyof T)[]) {
  return fc.tuple(form, fc.subarray([...fields], { minLength: 1, maxLength: 3 }))
    .map(([all, chosen]) => {
      const change: Partial<T> = {};
      for (const field of chosen) change[field] = all[field];
      return change;
    });
}

const putSidecarSet = fc.record({
  do: fc.constant("put SidecarSet" as const),
  name,
  change: changeOf(sidecarSet, [
    ...["selector", "place", "sidecar", "image", "effectiveSince", "paused", "base"] as const,
  ]),
  answered: fc.boolean(),
});
const putPod = fc.record({
  do: fc.constant("put Pod" as const),
  key,
  change: changeOf(pod, ["app", "state", "injected", "sidecar", "image", "denied", "owner"]),
  answered: fc.boolean(),
});
const putNamespace = fc.record({
  do: fc.constant("put Namespace" as const),
  name: fc.constantFrom("one", "two"),
  labels: fc.constantFrom({}, { sidecars: "on" }),
});
const deliver = fc.record({
  do: fc.constant("deliver" as const),
  kind,
  pageSize: fc.nat({ max: 2 }),
});
const operation = fc.oneof(
  { arbitrary: putSidecarSet, weight: 2 },
  { arbitrary: putPod, weight: 3 },
  putNamespace,
  fc.record({
    do: fc.constant("delete" as const),
    kind: fc.constant("sidecarSets" as const),
    key: name,
  }),
  fc.record({ do: fc.constant("delete" as const), kind: fc.constant("pods" as const), key }),
  fc.record({ do: fc.constant("answer" as const), late: below(3) }),
  fc.record({ do: fc.constant("relist" as const), kind }),
  { arbitrary: deliver, weight: 6 },
  { arbitrary: fc.record({ do: fc.constant("classify" as const) }), weight: 3 },
);

function uidsOf(pods: readonly ObservedPod[]): (string | undefined)[] {
  return pods.map(({ metadata }) => metadata.uid);
}

/** All that an index says, but for what it knows of the past. */
function saidBy({ pods, sidecarSets, injected, denials, workloads }: ClusterIndex) {
  return {
    pods: [...pods.keys()].toSorted(),
    sidecarSets: [...sidecarSets.values()].map((each) => [each.name, each.hash]).toSorted(),
    of: NAMES.map((each) => ({
      classes: [...pods.classesOf(each)].map(([pod, found]) => [pod, found & ~PodTrait.Missed])
        .toSorted(),
      counts: { ...pods.countsOf(each), missedPods: 0 },
      outdated: uidsOf(pods.outdatedOf(each)).toSorted(),
      injected: [...injected.of(each)].toSorted(),
      denials: [...denials.of(each)].toSorted(),
    })),
    workloads: WORKLOADS.map((each) => [...workloads.of(each)].toSorted()),
  };
}

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The cluster after all of it is delivered, kind by kind. */
function afterAll(operations: readonly Operation[], order: readonly (typeof KINDS[number])[]) {
  const cluster = lateCluster();
  const { index, pods, sidecarSets, namespaces } = cluster;
  const answers: (() => unknown)[] = [];
  let version = 0;
  const stamped = <T extends { uid?: string | undefined }>(metadata: T, known: T | undefined) => ({
    ...metadata,
    resourceVersion: String(++version),
    uid: known?.uid ?? `uid-${version}`,
  });
  for (const each of operations) {
    switch (each.do) {
      case "put SidecarSet": {
        const known = sidecarSets.stored.get(each.name);
        const form = { ...PLAIN_SIDECARSET, ...known?.form, ...each.change };
        const prepared = sidecarSetAs(each.name, form);
        const { sidecarSet } = prepared;
        const metadata = stamped(sidecarSet.metadata, known?.object.metadata);
        const state = { ...prepared, sidecarSet: { ...sidecarSet, metadata } };
        sidecarSets.put({ metadata, prepared: state }, form);
        if (each.answered) answers.push(() => index.updateSidecarSet(state));
        break;
      }
      case "put Pod": {
        const known = pods.stored.get(each.key);
        const form = { ...PLAIN_POD, ...known?.form, ...each.change };
        const bare = podAs(each.key, form);
        const object = { ...bare, metadata: stamped(bare.metadata, known?.object.metadata) };
        pods.put(object, form);
        if (each.answered) answers.push(() => index.updatePod(object));
        break;
      }
      case "put Namespace":
        namespaces.put({ metadata: { name: each.name, labels: each.labels } }, {});
        break;
      case "delete":
        cluster[each.kind].delete(each.key);
        break;
      case "answer":
        answers.splice(each.late, 1)[0]?.();
        break;
      case "relist":
        cluster[each.kind].relist();
        break;
      case "classify":
        cluster.classify();
        break;
      case "deliver":
        cluster[each.kind].deliver(each.pageSize + 1);
    }
  }
  for (const each of order) while (cluster[each].deliver(2));
  for (const answer of answers) answer();
  while (cluster.classify());
  return cluster;
}

Deno.test("ClusterIndex converges to a fresh one for any order, pages, slices and losses of events", () => {
  const operations = fc.array(operation, { maxLength: 60, size: "max" });
  const order = fc.shuffledSubarray([...KINDS], { minLength: KINDS.length });
  const property = fc.property(operations, order, (...happening) => {
    const cluster = afterAll(...happening);
    const { index } = cluster;
    const fresh = freshIndex(cluster);
    assert.deepEqual(saidBy(index), saidBy(fresh));
    for (const each of NAMES) {
      assert.deepEqual(
        index.pods.countsOf(each),
        countPods(new Map(index.pods.classesOf(each)).values()),
      );
      const missed = new Set(uidsOf(fresh.pods.missedOf(each)));
      assert.ok(
        new Set(uidsOf(index.pods.missedOf(each))).isSubsetOf(missed),
        "no other Pod is missed",
      );
    }
  });
  fc.assert(property, { numRuns: 1_500 });
});

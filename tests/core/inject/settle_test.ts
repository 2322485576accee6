import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { LabelSelector } from "../../../lib/api/meta.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { POD_PATCHES_ANNOTATION } from "../../../lib/core/annotations/pod_patches.ts";
import { asRecreated } from "../../../lib/core/cleanup/replacement.ts";
import type { InjectRequest } from "../../../lib/core/inject/contract.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { selectsPod } from "../../../lib/core/select/pod_selection.ts";
import { validateStoredSidecarSet } from "../../../lib/core/validate/validate.ts";
import { frozen, podWith, prepared, requestFor } from "./fixtures.ts";

type Labels = Record<string, string>;

function labelling(
  name: string,
  selector: LabelSelector,
  { labels, ...more }: SidecarSetSpec & { labels?: Labels } = {},
): PreparedSidecarSet {
  return prepared(name, {
    selector,
    containers: [{ name: `${name}-agent`, image: "agent:1" }],
    ...(labels ? { patchPodMetadata: [{ labels, patchPolicy: "Overwrite" }] } : {}),
    ...more,
  });
}

/** The webhook's request: `match` knows every SidecarSet. */
function reviewOf(pod: Pod, all: readonly PreparedSidecarSet[]): InjectRequest {
  const namespace = { name: "shop", labels: {} };
  const match = (labels: Labels) =>
    all.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace }));
  return requestFor(pod, match(pod.metadata.labels ?? {}), { match });
}

function run(pod: Pod, ...all: PreparedSidecarSet[]) {
  const { patch, injected, skipped } = inject(frozen(reviewOf(pod, all)));
  return {
    pod: injectedPod(pod, patch),
    injected: injected.map(({ sidecarSet }) => sidecarSet),
    skipped: Object.fromEntries(skipped.map(({ sidecarSet, reason }) => [sidecarSet, reason])),
    patch,
  };
}

const web = { matchLabels: { app: "web" } };
const mesh = { matchLabels: { mesh: "on" } };

Deno.test("a label that a SidecarSet sets is in the Pod, and its value before is recorded", () => {
  const pod = podWith();
  const overwritten = {
    ...pod,
    metadata: { ...pod.metadata, labels: { app: "web", tier: "old" } },
  };
  const set = labelling("labels", web, { labels: { tier: "new", "example.com/mesh": "on" } });
  const { pod: created } = run(overwritten, set);
  assert.deepEqual(created.metadata.labels, {
    app: "web",
    tier: "new",
    "example.com/mesh": "on",
  });
  assert.equal(
    created.metadata.annotations?.[POD_PATCHES_ANNOTATION],
    '{"labels":{"labels":{"example.com/mesh":null,"tier":"old"}}}',
  );
});

Deno.test("a SidecarSet that a label selects is injected in the same review, before or after it in name", () => {
  for (const name of ["a", "z"]) {
    const first = labelling("m", web, { labels: { mesh: "on" } });
    const { injected, pod } = run(podWith(), first, labelling(name, mesh));
    assert.deepEqual(injected, ["m", name].sort());
    assert.equal(pod.metadata.labels?.mesh, "on");
  }
});

Deno.test("labels select one SidecarSet after the other, as far as they reach", () => {
  const steps = [
    labelling("d", web, { labels: { b: "1" } }),
    labelling("c", { matchLabels: { b: "1" } }, { labels: { c: "1" } }),
    labelling("b", { matchLabels: { c: "1" } }, { labels: { d: "1" } }),
    labelling("a", { matchLabels: { d: "1" } }),
  ];
  const { injected, skipped } = run(podWith(), ...steps);
  assert.deepEqual({ injected, skipped }, { injected: ["a", "b", "c", "d"], skipped: {} });
});

Deno.test("a SidecarSet whose label would end another one's selection is left out, whatever the names", () => {
  for (const name of ["a", "z"]) {
    const other = labelling(name, {
      ...web,
      matchExpressions: [{ key: "mesh", operator: "DoesNotExist" }],
    });
    const set = labelling("m", web, { labels: { mesh: "on" } });
    const { injected, skipped, pod } = run(podWith(), other, set);
    assert.deepEqual({ injected, skipped }, { injected: [name], skipped: { m: "LabelConflict" } });
    assert.deepEqual(pod.metadata.labels, { app: "web" });
  }
});

Deno.test("failurePolicy Fail refuses a Pod whose label would end another selection, with the remedy", () => {
  const other = labelling("other", {
    ...web,
    matchExpressions: [{ key: "mesh", operator: "NotIn", values: ["on"] }],
  });
  const set = labelling("m", web, { labels: { mesh: "on" }, failurePolicy: "Fail" });
  const [skip] = inject(reviewOf(podWith(), [other, set])).skipped;
  assert.equal(skip?.refuses, true);
  assert.match(skip?.message ?? "", /SidecarSet other, .* set another label/);
});

Deno.test("a label that makes the SidecarSet's own canary select the Pod is a conflict", () => {
  const base = labelling("base", web, { labels: { track: "canary" } });
  const canary = prepared("canary", {
    selector: { matchLabels: { app: "web", track: "canary" } },
    containers: [{ name: "agent", image: "agent:2" }],
  }, {
    annotations: {
      "apps.kruise.io/sidecarset-canary": "true",
      "apps.kruise.io/sidecarset-base": "base",
    },
  });
  assert.deepEqual(run(podWith(), base, canary).skipped, { base: "LabelConflict" });
});

Deno.test("a SidecarSet that is not injected sets no label", () => {
  const taken = labelling("labels", web, {
    labels: { mesh: "on" },
    containers: [{ name: "main", image: "agent:1" }],
  });
  const { pod, skipped, patch } = run(podWith(), taken, labelling("mesh", mesh));
  assert.deepEqual(skipped, { labels: "ContainerNameConflict" });
  assert.deepEqual(patch, []);
  assert.deepEqual(pod.metadata.labels, { app: "web" });
});

Deno.test("transferEnv finds the container that a label of another SidecarSet names", () => {
  const pod = podWith({
    containers: [{ name: "main", image: "shop:7", env: [{ name: "PORT", value: "80" }] }],
  });
  const set = labelling("labels", web, { labels: { "main-container": "main" } });
  const reading = labelling("a", web, {
    containers: [{
      name: "proxy",
      image: "proxy:1",
      transferEnv: [{
        sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.labels['main-container']" } },
        envName: "PORT",
      }],
    }],
  });
  const { pod: created } = run(pod, reading, set);
  const proxy = created.spec.containers.find(({ name }) => name === "proxy");
  assert.equal(proxy?.env?.find(({ name }) => name === "PORT")?.value, "80");
});

const LABELS = ["app", "a", "b", "c"];
const VALUES = ["1", "2"];
const key = fc.constantFrom(...LABELS);
const labels = fc.dictionary(key, fc.constantFrom(...VALUES), {
  maxKeys: 3,
  noNullPrototype: true,
});
const selector: fc.Arbitrary<LabelSelector> = fc.record({
  matchLabels: fc.dictionary(key, fc.constantFrom(...VALUES), {
    maxKeys: 1,
    noNullPrototype: true,
  }),
  matchExpressions: fc.array(
    fc.oneof(
      fc.record({
        key,
        operator: fc.constantFrom("In" as const, "NotIn" as const),
        values: fc.constant<string[]>(["1"]),
      }),
      fc.record({ key, operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const) }),
    ),
    { maxLength: 2 },
  ),
}).filter(({ matchLabels, matchExpressions }) =>
  Object.keys(matchLabels).length + matchExpressions.length > 0
);
const sets = fc.array(
  fc.record({
    selector,
    labels,
    patchPolicy: fc.constantFrom("Retain" as const, "Overwrite" as const),
    paused: fc.boolean(),
    clashes: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
).map((specs) =>
  specs.map(({ selector, labels, patchPolicy, paused, clashes }, index) =>
    prepared(`set-${index}`, {
      selector,
      containers: [{ name: clashes ? "main" : `agent-${index}`, image: "agent:1" }],
      injectionStrategy: { paused },
      ...(Object.keys(labels).length > 0 ? { patchPodMetadata: [{ labels, patchPolicy }] } : {}),
    })
  ).filter(({ sidecarSet }) => validateStoredSidecarSet(sidecarSet).length === 0)
);

Deno.test("a selection is settled in one review: its result selects the same SidecarSets", () => {
  fc.assert(
    fc.property(sets, labels, (all, own) => {
      const bare = podWith();
      const pod: Pod = { ...bare, metadata: { ...bare.metadata, labels: own } };
      const { pod: created, injected, skipped } = run(pod, ...all);
      const selecting = reviewOf(created, all).selecting.map(({ name }) => name);
      assert.deepEqual(selecting.toSorted(), [...injected, ...Object.keys(skipped)].sort());
      const second = run(created, ...all);
      assert.deepEqual(second.patch, []);
      assert.deepEqual([second.injected, second.skipped], [injected, skipped]);
      assert.deepEqual(run(pod, ...all.toReversed()).pod, created);
      assert.deepEqual(asRecreated(created).metadata.labels, own);
    }),
    { numRuns: 300 },
  );
});

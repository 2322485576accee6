import assert from "node:assert/strict";
import fc from "fast-check";
import { SidecarSetIndex } from "../../lib/index/sidecarsets.ts";
import { validateSidecarSet } from "../../lib/core/validate/validate.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import { sidecarSetOf } from "../support/objects.ts";

const value = fc.constantFrom("a", "b");

const selector = fc.record({
  matchLabels: fc.dictionary(fc.constantFrom("app", "team"), value, { maxKeys: 2 }),
  matchExpressions: fc.array(
    fc.oneof(
      fc.record({
        key: fc.constantFrom("app", "team"),
        operator: fc.constantFrom("In", "NotIn"),
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
      }),
      fc.record({ key: fc.constantFrom("app", "team"), operator: fc.constant("Exists") }),
    ),
    { maxLength: 1 },
  ),
});

const policy = fc.constantFrom("Retain", "Overwrite");

const spec = fc.record({
  selector,
  namespace: fc.option(value, { nil: undefined }),
  containers: fc.uniqueArray(value, { minLength: 1 }).map((names) =>
    names.map((name) => ({ name, image: "image:1" }))
  ),
  initContainers: fc.uniqueArray(fc.constantFrom("c", "a-1"), { maxLength: 1 }).map((names) =>
    names.map((name) => ({ name, image: "image:1" }))
  ),
  volumes: fc.array(
    fc.constantFrom({ name: "v", emptyDir: {} }, { name: "v", hostPath: { path: "/v" } }),
    {
      maxLength: 1,
    },
  ),
  patchPodMetadata: fc.array(
    fc.record({ annotations: fc.constant({ note: "1" }), patchPolicy: policy }),
    { maxLength: 1 },
  ),
});

/** Up to 90 SidecarSets, so that both ways to find the related ones are taken. */
const sidecarSets = fc.array(spec, { minLength: 1, maxLength: 90 }).map((specs) =>
  specs.map((each, number) => sidecarSetOf({ name: `set-${number}`, spec: each }))
);

function indexOf(all: readonly PreparedSidecarSet[]): SidecarSetIndex {
  const index = new SidecarSetIndex();
  for (const each of all) index.apply(each);
  return index;
}

function problems(object: SidecarSet, others: readonly SidecarSet[]) {
  return validateSidecarSet({
    operation: "CREATE",
    object,
    others,
    revisions: [],
    requireAllowList: false,
  })
    .map(({ field, message }) => `${field} ${message}`);
}

Deno.test("validation finds in the related SidecarSets what it finds in all of them", () => {
  fc.assert(
    fc.property(sidecarSets, (all) => {
      const [{ sidecarSet } = sidecarSetOf()] = all;
      const related = indexOf(all).related(sidecarSet);
      const every = all.map((prepared) => prepared.sidecarSet);
      const order = new Map(every.map(({ metadata }, at) => [metadata.name, at]));
      const sorted = related.toSorted((a, b) =>
        (order.get(a.metadata.name) ?? 0) - (order.get(b.metadata.name) ?? 0)
      );
      assert.deepEqual(problems(sidecarSet, sorted), problems(sidecarSet, every));
    }),
    { numRuns: 300 },
  );
});

Deno.test("a SidecarSet that changed or is deleted is no longer related by its earlier names", () => {
  const named = (name: string, container: string) =>
    sidecarSetOf({ name, spec: { containers: [{ name: container, image: "image:1" }] } });
  const index = indexOf([named("one", "agent"), named("two", "agent"), named("three", "agent")]);
  const relatedNames = () =>
    index.related(named("new", "agent").sidecarSet).map(({ metadata }) => metadata.name);
  assert.deepEqual(relatedNames(), ["one", "two", "three"]);
  index.apply(named("one", "other"));
  index.delete("two");
  assert.deepEqual(relatedNames(), ["three"]);
});

Deno.test("the base and the canaries of a SidecarSet are related to it", () => {
  const canary = (name: string, base: string, label: string) =>
    sidecarSetOf({
      name,
      annotations: {
        "apps.kruise.io/sidecarset-canary": "true",
        "apps.kruise.io/sidecarset-base": base,
      },
      spec: { selector: { matchLabels: { app: label } }, containers: [{ name, image: "image:1" }] },
    });
  const base = sidecarSetOf({
    name: "base",
    spec: { containers: [{ name: "base", image: "image:1" }] },
  });
  const index = indexOf([base, canary("canary", "base", "web"), sidecarSetOf({ name: "other" })]);
  const names = (sidecarSet: SidecarSet) =>
    index.related(sidecarSet).map(({ metadata }) => metadata.name).filter((name) =>
      name !== sidecarSet.metadata.name
    );
  assert.deepEqual(names(base.sidecarSet), ["canary"]);
  assert.deepEqual(names(canary("canary", "base", "web").sidecarSet), ["base"]);
});

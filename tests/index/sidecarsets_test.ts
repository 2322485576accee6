import assert from "node:assert/strict";
import fc from "fast-check";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../lib/api/names.ts";
import { canaryBaseOf } from "../../lib/core/canary.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { selectsPod } from "../../lib/core/select/pod_selection.ts";
import { SidecarSetIndex } from "../../lib/index/sidecarsets.ts";
import { anyLabels, anySelector } from "../core/select/arbitraries.ts";
import { sidecarSetOf } from "../support/objects.ts";

const spec = fc.record({
  selector: anySelector,
  namespaceSelector: fc.option(anySelector, { nil: undefined }),
  namespace: fc.option(fc.constantFrom("shop", "bank"), { nil: undefined }),
}).map(({ selector, namespaceSelector, namespace }) => ({
  selector,
  ...(namespaceSelector ? { namespaceSelector } : {}),
  ...(namespace ? { namespace } : {}),
}));
const place = fc.record({
  labels: anyLabels,
  namespace: fc.record({
    name: fc.constantFrom("shop", "bank"),
    labels: anyLabels,
  }),
});

/** Another state of a SidecarSet, whose spec stays the same object. */
function withOther(part: string, prepared: PreparedSidecarSet): PreparedSidecarSet {
  const { sidecarSet } = prepared;
  const annotations = { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: "base" };
  const changed = part === "status"
    ? { status: { observedGeneration: 1 } }
    : { metadata: { ...sidecarSet.metadata, annotations } };
  return { ...prepared, sidecarSet: { ...sidecarSet, ...changed } };
}

Deno.test("SidecarSetIndex.match() finds exactly the selecting SidecarSets after any changes", () => {
  const change = fc.record({
    name: fc.constantFrom("s1", "s2", "s3", "s4"),
    change: fc.oneof(spec, fc.constantFrom("status", "canary", "deletion")),
  });
  fc.assert(fc.property(fc.array(change, { maxLength: 12 }), place, (changes, pod) => {
    const index = new SidecarSetIndex();
    const kept = new Map<string, ReturnType<typeof sidecarSetOf>>();
    for (const { name, change } of changes) {
      const known = kept.get(name);
      if (change === "deletion" || (known === undefined && typeof change === "string")) {
        kept.delete(name);
        index.delete(name);
        continue;
      }
      const prepared = known && typeof change === "string"
        ? withOther(change, known)
        : sidecarSetOf({ name, ...(typeof change === "string" ? {} : { spec: change }) });
      kept.set(name, prepared);
      index.apply(prepared);
    }
    const expected = [...kept.values()].filter(({ sidecarSet }) =>
      selectsPod(sidecarSet.spec, pod)
    );
    const byName = (a: { name: string }, b: { name: string }) => a.name < b.name ? -1 : 1;
    const found = index.match(pod.labels, pod.namespace).toSorted(byName);
    assert.deepEqual(
      found.map(({ name }) => name),
      expected.toSorted(byName).map(({ name }) => name),
    );
    for (const prepared of found) assert.equal(prepared, kept.get(prepared.name));
    const canaries = [...kept.values()].filter(({ sidecarSet }) => canaryBaseOf(sidecarSet));
    const related = index.related(
      sidecarSetOf({ name: "base", spec: { containers: [] } }).sidecarSet,
    );
    assert.deepEqual(new Set(related), new Set(canaries.map(({ sidecarSet }) => sidecarSet)));
    assert.equal(index.size, kept.size);
  }));
});

Deno.test("SidecarSetIndex.match() skips SidecarSets of other labels, even if all share one", () => {
  const index = new SidecarSetIndex();
  for (let i = 0; i < 2_000; i++) {
    const matchLabels = { tier: "web", app: `app-${i}` };
    index.apply(sidecarSetOf({ name: `s${i}`, spec: { selector: { matchLabels } } }));
  }
  const watched = index.match({ tier: "web", app: "app-7" }, { name: "shop", labels: {} });
  assert.deepEqual(watched.map(({ name }) => name), ["s7"]);
  let looks = 0;
  const labels = new Proxy<Record<string, string>>({ tier: "web", app: "app-7" }, {
    getOwnPropertyDescriptor(target, property) {
      looks++;
      return Reflect.getOwnPropertyDescriptor(target, property);
    },
  });
  index.match(labels, { name: "shop", labels: {} });
  assert.ok(looks < 50, `looked ${looks} times at the Pod's labels`);
});

Deno.test("SidecarSetIndex.match() skips SidecarSets that require a label the Pod does not have", () => {
  const index = new SidecarSetIndex();
  for (let i = 0; i < 2_000; i++) {
    const matchExpressions = [
      { key: "app", operator: "Exists" as const },
      { key: `feature-${i}`, operator: "Exists" as const },
    ];
    index.apply(sidecarSetOf({ name: `s${i}`, spec: { selector: { matchExpressions } } }));
  }
  let looks = 0;
  const labels = new Proxy<Record<string, string>>({ app: "web", "feature-7": "on" }, {
    getOwnPropertyDescriptor(target, property) {
      looks++;
      return Reflect.getOwnPropertyDescriptor(target, property);
    },
  });
  const found = index.match(labels, { name: "shop", labels: {} });
  assert.deepEqual(found.map(({ name }) => name), ["s7"]);
  assert.ok(looks < 50, `looked ${looks} times at the Pod's labels`);
});

Deno.test("SidecarSetIndex takes a selector of as many values as an object can hold", () => {
  const index = new SidecarSetIndex();
  const values = Array.from({ length: 300_000 }, (_, i) => i.toString(36));
  index.apply(sidecarSetOf({ name: "other" }));
  const matchExpressions = [{ key: "app", operator: "In" as const, values }];
  index.apply(sidecarSetOf({ name: "many", spec: { selector: { matchExpressions } } }));
  const namespace = { name: "shop", labels: {} };
  assert.deepEqual(index.match({ app: "zz" }, namespace).map(({ name }) => name), ["many"]);
  index.delete("many");
  assert.deepEqual(index.match({ app: "zz" }, namespace), []);
});

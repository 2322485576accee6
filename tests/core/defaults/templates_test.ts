import assert from "node:assert/strict";
import fc from "fast-check";
import { prepareSidecarSet } from "../../../lib/core/defaults/prepare.ts";
import { createTemplates } from "../../../lib/core/defaults/templates.ts";
import { validateStoredSidecarSet } from "../../../lib/core/validate/validate.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

const container = { name: "agent", image: "agent:1", env: [{ name: "A", value: "b" }] };

/** What SidecarSets of a template share; the later ones are invalid, or of another type. */
const contents: readonly Readonly<Record<string, unknown>>[] = [
  { containers: [container] },
  { containers: [{ ...container, image: "agent:2" }], customVersion: "v2" },
  {
    initContainers: [{ ...container, restartPolicy: "Always" }],
    volumes: [{ name: "log", emptyDir: {} }],
    patchContainers: [{ env: [{ name: "A", value: "b" }] }],
    patchPodMetadata: [{ annotations: { a: "b" } }],
    injectionStrategy: { paused: true },
    newField: { of: "a later version" },
  },
  { containers: [{ ...container, command: null }], updateStrategy: null },
  JSON.parse('{"containers":[{"name":"agent","image":"agent:1"}],"__proto__":{"x":1}}'),
  { containers: [container], cleanupPolicy: "Never" },
  { containers: [{ ...container, name: "not a name" }] },
  { containers: [], volumes: {} },
  { updateStrategy: { maxUnavailable: "x" } },
];

const selector = { matchLabels: { app: "shop" } };
const selections: readonly Readonly<Record<string, unknown>>[] = [
  { selector },
  { selector: { matchLabels: { app: "other" } }, namespace: "shop" },
  {
    selector: { matchExpressions: [{ key: "app", operator: "Exists" }] },
    namespaceSelector: { matchLabels: { team: "a" } },
  },
  { selector, namespace: null, namespaceSelector: null },
  { selector: {} },
  { selector: { matchLabels: { app: 1 } } },
  { selector, namespace: "Not A Namespace" },
  { selector: null },
  {},
];

const metadata: readonly Readonly<Record<string, unknown>>[] = [
  { name: "a", uid: "1", generation: 1, resourceVersion: "7" },
  { name: "b", uid: "2", labels: { team: "a" }, annotations: { note: "x", other: null } },
  { name: "d", annotations: { note: "x" } },
  { name: "e", annotations: { note: "y" } },
  { name: "not a name" },
  { name: "c", labels: { "not a key!": "x" } },
  { name: 1 },
];

const status = fc.constantFrom({}, { status: null }, { status: { matchedPods: 2 } }, {
  status: { matchedPods: "2" },
});
const head = fc.constantFrom(
  { apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" },
  { apiVersion: "apps.kruise.io/v1alpha1", kind: "SidecarSet", more: [1, null] },
);

/** Any SidecarSet of these parts, readable or not. */
const sidecarSet = fc.tuple(
  fc.constantFrom(...contents),
  fc.constantFrom(...selections),
  fc.constantFrom(...metadata),
  status,
  head,
).map(([content, selection, metadata, status, head]) =>
  deepFrozen({ ...head, metadata, spec: { ...content, ...selection }, ...status })
);

Deno.test("SidecarSets of templates are prepared as each is by itself", () => {
  fc.assert(fc.property(fc.array(sidecarSet, { minLength: 2, maxLength: 20 }), (objects) => {
    const prepare = createTemplates(validateStoredSidecarSet);
    for (const object of objects) {
      const expected = prepareSidecarSet(object, { problemsOf: validateStoredSidecarSet });
      const read = prepare(object);
      assert.deepEqual(read, expected);
      // The order of fields is that of patches.
      const specText = ({ ok, ...rest }: typeof read) =>
        ok && "value" in rest ? JSON.stringify(rest.value.sidecarSet.spec) : "";
      assert.equal(specText(read), specText(expected));
    }
  }));
});

Deno.test("any value is prepared as by itself", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (value, spec) => {
    const prepare = createTemplates(validateStoredSidecarSet);
    for (const raw of [value, { spec }, { metadata: { name: "a" }, spec }]) {
      const expected = prepareSidecarSet(raw, { problemsOf: validateStoredSidecarSet });
      assert.deepEqual([prepare(raw), prepare(raw)], [expected, expected]);
    }
  }));
});

Deno.test("SidecarSets of one template are checked and kept once", () => {
  const checked: boolean[] = [];
  const prepare = createTemplates((_, { isContentValid } = { isContentValid: false }) => {
    checked.push(!isContentValid);
    return [];
  });
  const [first, second] = ["a", "b"].map((name) =>
    prepare({
      metadata: { name, annotations: { note: "x" } },
      spec: { selector: { matchLabels: { app: name } }, ...contents[0] },
    })
  );
  assert.ok(first?.ok && second?.ok);
  assert.deepEqual(checked, [true, false]);
  assert.equal(first.value.sidecarSet.spec.containers, second.value.sidecarSet.spec.containers);
  assert.equal(
    first.value.sidecarSet.metadata.annotations,
    second.value.sidecarSet.metadata.annotations,
  );
  assert.deepEqual(second.value.sidecarSet.spec.selector, { matchLabels: { app: "b" } });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  validateSidecarSet,
  validateStoredSidecarSet,
} from "../../../lib/core/validate/validate.ts";
import { problemsOf, testCases, validContainer, validObject, validSidecarSet } from "./fixtures.ts";

testCases([
  ["reports every cause at once", {
    "metadata/name": "a.b",
    "spec/selector": {},
    "spec/updateStrategy/partition": "abc",
    "spec/containers/0/image": "",
    "spec/revisionHistoryLimit": -1,
  }, [
    "Invalid metadata.name",
    "Invalid spec.selector",
    "Invalid spec.updateStrategy.partition",
    "Required spec.containers[0].image",
    "Invalid spec.revisionHistoryLimit",
  ]],
  ["reports a value of another type once", { "spec/containers/0/image": 5 }, [
    "TypeInvalid spec.containers[0].image",
  ]],
  ["finds a value of another type where the schema does not look", {
    "spec/containers/0/ports": [{ containerPort: "http", protocol: "TCP" }],
    "spec/containers/0/livenessProbe": "yes",
  }, [
    "TypeInvalid spec.containers[0].ports[0].containerPort",
    "TypeInvalid spec.containers[0].livenessProbe",
  ]],
  ["counts null as absent", { "spec/namespaceSelector": null, "spec/containers/0/env": null }, []],
  ["keeps fields it does not know", {
    "spec/future": { a: 1 },
    "spec/containers/0/future": true,
  }, []],
]);

for (const value of [undefined, null, 5, "text", [], true]) {
  Deno.test(`validateSidecarSet() refuses ${JSON.stringify(value)} as a SidecarSet`, () => {
    const [problem] = problemsOf(value);
    assert.equal(problem?.reason, "FieldValueTypeInvalid");
  });
}

Deno.test("validateSidecarSet() never throws, whatever JSON it is given", () => {
  fc.assert(fc.property(fc.jsonValue(), (object) => {
    assert.ok(Array.isArray(problemsOf(object)));
  }));
});

Deno.test("validateSidecarSet() never throws, whatever JSON stands in a field", () => {
  const places = [
    "metadata",
    "metadata/labels",
    "metadata/annotations",
    "spec",
    "spec/selector",
    "spec/namespaceSelector",
    "spec/containers",
    "spec/containers/0",
    "spec/volumes",
    "spec/volumes/0/projected/sources/0",
    "spec/patchPodMetadata",
    "spec/patchPodMetadata/0/annotations",
    "spec/updateStrategy",
    "spec/updateStrategy/priorityStrategy",
    "spec/updateStrategy/scatterStrategy",
    "spec/injectionStrategy/revision",
    "spec/cleanupPolicy",
    ...[
      "env",
      "env/0",
      "env/0/valueFrom",
      "ports",
      "ports/0",
      "resources",
      "resources/limits",
      "resourcesPolicy",
      "securityContext",
      "transferEnv",
      "transferEnv/0",
      "upgradeStrategy",
      "volumeMounts/0",
      "volumeDevices/0",
      "livenessProbe",
      "lifecycle/preStop",
    ].map((name) => `spec/containers/0/${name}`),
  ];
  const others = [validSidecarSet({ "metadata/name": "other" })];
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), (place, value) => {
      const object = validObject({ [place]: value });
      assert.ok(Array.isArray(problemsOf(object, { others })));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("validateSidecarSet() does not change its input", () => {
  const input = {
    operation: "UPDATE" as const,
    object: validObject({ "spec/containers/0/image": null }),
    old: validSidecarSet(),
    others: [validSidecarSet({ "metadata/name": "other" })],
    revisions: [],
    requireAllowList: true,
  };
  const before = structuredClone(input);
  validateSidecarSet(input);
  assert.deepEqual(input, before);
});

Deno.test("validateSidecarSet() refuses 10,000 containers at once, without looking at each", () => {
  const invalid = (name: string) => validContainer({ name, image: "" });
  const containers = Array.from({ length: 10_000 }, (_, i) => invalid(`c-${i}`));
  const problems = problemsOf(validObject({ "spec/containers": containers }));
  assert.deepEqual(problems.map(({ field }) => field), ["spec.containers"]);
  assert.match(problems[0]?.message ?? "", /at most 256 containers.*they have 10000/);
});

Deno.test("validateSidecarSet() refuses an object nested deeper than any Pod is", () => {
  let deep: unknown = "bottom";
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const [problem, ...others] = problemsOf({ ...validObject(), deep });
  assert.match(problem?.message ?? "", /^must not be nested deeper than 100 levels$/);
  assert.deepEqual(others, []);
});

Deno.test("validateStoredSidecarSet() looks at the SidecarSet alone", () => {
  const dependent = validSidecarSet({
    "spec/injectionStrategy/revision": { revisionName: "gone" },
    "spec/patchPodMetadata": [{ annotations: { "x.k8s.io/a": "" }, patchPolicy: "Retain" }],
  });
  assert.equal(problemsOf(dependent).length, 2);
  assert.deepEqual(validateStoredSidecarSet(dependent), []);
  const invalid = validateStoredSidecarSet(validSidecarSet({ "spec/containers/0/image": "" }));
  assert.deepEqual(invalid.map(({ field }) => field), ["spec.containers[0].image"]);
});

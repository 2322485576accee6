import assert from "node:assert/strict";
import { parse } from "yaml";
import { completeSidecarSet } from "../../../lib/core/defaults/sidecarset.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

const resourcesPolicy = { targetContainersMode: "sum", resourcesExpr: { limits: { cpu: "1" } } };

function completed(spec: object): Record<string, never> {
  return Object(completeSidecarSet(deepFrozen({ metadata: { name: "a" }, spec }))).spec;
}

Deno.test("completeSidecarSet() gives a resources policy of either kind the schema's regular expression", () => {
  for (const list of ["containers", "initContainers"]) {
    const spec = completed({ [list]: [{ name: "a", resourcesPolicy }, { name: "b" }] });
    assert.deepEqual(Object(spec)[list][0].resourcesPolicy, {
      ...resourcesPolicy,
      targetContainersNameRegex: ".*",
    });
    assert.equal(Object(spec)[list][1].resourcesPolicy, undefined);
  }
});

Deno.test("completeSidecarSet() keeps a regular expression that is written, an empty one too", () => {
  const policy = { ...resourcesPolicy, targetContainersNameRegex: "" };
  const { containers } = Object(completed({ containers: [{ resourcesPolicy: policy }] }));
  assert.equal(containers[0].resourcesPolicy.targetContainersNameRegex, "");
});

Deno.test("completeSidecarSet() takes nulls for absent and leaves what is no object as it is", () => {
  assert.deepEqual(completeSidecarSet([1]), [1]);
  assert.equal(completeSidecarSet("x"), "x");
  const spec = completed({ injectionStrategy: { revision: { policy: null } }, volumes: null });
  assert.deepEqual(Object(spec).injectionStrategy.revision, { policy: "Always" });
  assert.equal("volumes" in spec, false);
});

/** Paths of the properties that have a default, with the default. */
function defaultsOf(schema: unknown, path = ""): [string, unknown][] {
  const { properties = {}, items, default: value } = Object(schema);
  return [
    ...(value === undefined ? [] : [[path, value] satisfies [string, unknown]]),
    ...Object.entries(properties).flatMap(([name, child]) => defaultsOf(child, `${path}.${name}`)),
    ...(items === undefined ? [] : defaultsOf(items, `${path}[]`)),
  ];
}

/** Objects and lists of one item down to the parent of the last step. */
function objectAt([step = "", ...rest]: readonly string[]): Record<string, unknown> {
  if (rest.length === 0) return {};
  const inner = objectAt(rest);
  return { [step.replace("[]", "")]: step.endsWith("[]") ? [inner] : inner };
}

Deno.test("completeSidecarSet() fills every default of the CustomResourceDefinition", async () => {
  const crd = parse(await Deno.readTextFile("manifests/crd.yaml"));
  for (const { schema } of crd.spec.versions) {
    const defaults = defaultsOf(schema.openAPIV3Schema);
    assert.ok(defaults.length > 0);
    for (const [path, value] of defaults) {
      const steps = path.split(".").slice(1);
      let filled: unknown = completeSidecarSet(objectAt(steps));
      for (const step of steps) {
        filled = Object(filled)[step.replace("[]", "")];
        if (step.endsWith("[]")) filled = Object(filled)[0];
      }
      assert.equal(filled, value, path);
    }
  }
});

import assert from "node:assert/strict";
import { parse } from "yaml";
import { unknownFields } from "../../../lib/core/validate/unknown_fields.ts";
import { validContainer, validObject } from "./fixtures.ts";

function found(object: unknown): Record<string, string> {
  return Object.fromEntries(unknownFields(object).map(({ field, remedy }) => [field, remedy]));
}

Deno.test("unknownFields() finds nothing in what the schema knows", () => {
  const sidecar = validContainer({
    resourcesPolicy: { targetContainersMode: "sum", resourcesExpr: { limits: { cpu: "cpu" } } },
    resources: { limits: { "example.com/anything": 1 }, claims: [{ name: "a", request: "b" }] },
    restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }],
    livenessProbe: { grpc: { port: 1, service: "x" } },
  });
  const object = validObject({
    "metadata/labels": { anything: "goes" },
    "metadata/managedFields": [{ anything: "goes" }],
    "spec/initContainers": [sidecar],
    "spec/volumes": [{
      name: "v",
      ephemeral: { volumeClaimTemplate: { metadata: { labels: { any: "x" } }, spec: {} } },
    }],
    "status": { conditions: [{ type: "Ready" }] },
  });
  assert.deepEqual(found(object), {});
});

Deno.test("unknownFields() says which field is meant, at any depth", () => {
  const object = {
    ...validObject({
      "metadata/lables": {},
      "spec/failPolicy": "Fail",
      "spec/updateStrategy/maxUnavialable": "10%",
      "spec/selector": { matchLabel: { app: "web" } },
      "spec/containers/0": validContainer({
        shareVolumesPolicy: { type: "enabled" },
        volumeMount: [],
        livenessprobe: {},
        resources: { limit: { cpu: 1 } },
        env: [{ name: "A", valuefrom: {} }, { name: "B", valueFrom: { secretRef: {} } }],
      }),
      "spec/volumes": [{ name: "v", configmap: {} }, { name: "w", secret: { secretname: "s" } }],
    }),
    specs: {},
  };
  assert.deepEqual(found(object), {
    "metadata.lables": "use labels",
    "spec.containers[0].env[0].valuefrom": "use valueFrom",
    "spec.containers[0].env[1].valueFrom.secretRef": "use secretKeyRef",
    "spec.containers[0].livenessprobe": "use livenessProbe",
    "spec.containers[0].resources.limit": "use limits",
    "spec.containers[0].shareVolumesPolicy": "use shareVolumePolicy",
    "spec.containers[0].volumeMount": "use volumeMounts",
    "spec.failPolicy": "use failurePolicy",
    "spec.selector.matchLabel": "use matchLabels",
    "spec.updateStrategy.maxUnavialable": "use maxUnavailable",
    "spec.volumes[0].configmap": "use configMap",
    "spec.volumes[1].secret.secretname": "use secretName",
    specs: "use spec",
  });
});

Deno.test("unknownFields() finds the object that a field belongs in, or lists the few fields there are", () => {
  const object = validObject({
    "spec/maxUnavailable": 1,
    "spec/patchPodMetadata": [{ finalizers: ["x"] }],
  });
  assert.deepEqual(found(object), {
    "spec.maxUnavailable": "use updateStrategy.maxUnavailable",
    "spec.patchPodMetadata[0].finalizers": "use annotations or labels or patchPolicy",
  });
});

Deno.test("unknownFields() keeps what a newer Kubernetes may know apart from what is dropped", () => {
  const object = validObject({
    "spec/containers/0": validContainer({ somethingEntirelyNew: {} }),
    "spec/somethingEntirelyNew": {},
  });
  assert.deepEqual(found(object), {
    "spec.containers[0].somethingEntirelyNew":
      "check its spelling; it is kept for a newer Kubernetes",
    "spec.somethingEntirelyNew": "remove it",
  });
});

Deno.test("unknownFields() reads any JSON", () => {
  for (const value of [null, 1, "x", [], [[1]], { spec: 1 }, { spec: [{ containers: "x" }] }]) {
    assert.deepEqual(found(value), {});
  }
  const names = Array.from({ length: 5000 }, (_, i) => [`${i}${"x".repeat(1000)}`, 1]);
  assert.equal(unknownFields({ spec: Object.fromEntries(names) }).length, 100);
});

Deno.test("unknownFields() knows every field of the CustomResourceDefinition", async () => {
  const crd = parse(await Deno.readTextFile("manifests/crd.yaml"));
  const sample = (schema: Record<string, never>): unknown => {
    const { properties, items } = Object(schema);
    if (items) return [sample(items)];
    if (!properties) return {};
    const names = Object.entries(properties);
    return Object.fromEntries(names.map(([name, child]) => [name, sample(Object(child))]));
  };
  for (const { schema } of crd.spec.versions) {
    assert.deepEqual(found(sample(schema.openAPIV3Schema)), {});
  }
});

import assert from "node:assert/strict";
import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../lib/api/names.ts";
import { projectPod } from "../../lib/index/projection.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const pod = podOf({ injected: [sidecarSetOf()] });

Deno.test("projectPod() keeps the generation, which distinguishes drift from rewriting at admission", () => {
  const projected = projectPod({ ...pod, metadata: { ...pod.metadata, generation: 3 } });
  assert.equal(projected.metadata.generation, 3);
});

Deno.test("projectPod() keeps all annotations, as patchPodMetadata may merge into any", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", any: "thing" };
  const projected = projectPod({ ...pod, metadata: { ...pod.metadata, annotations } });
  assert.deepEqual(projected.metadata.annotations, annotations);
});

Deno.test("projectPod() drops what no decision reads", () => {
  const heavy = {
    ...pod,
    metadata: { ...pod.metadata, managedFields: [], selfLink: "x" },
    spec: { ...pod.spec, volumes: [{ name: "data" }], dnsPolicy: "ClusterFirst" },
  };
  const projected = JSON.stringify(projectPod(heavy));
  for (const dropped of ["managedFields", "selfLink", "volumes", "dnsPolicy"]) {
    assert.equal(projected.includes(dropped), false, dropped);
  }
});

Deno.test("projectPod() keeps start times and the observed generation of Pods changed in place only", () => {
  const containerStatuses = [{
    name: "main",
    image: "main:1",
    imageID: "id",
    ready: true,
    state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  }];
  const status = { observedGeneration: 2, containerStatuses };
  const untouched = projectPod({ ...pod, status });
  assert.equal(JSON.stringify(untouched).includes("startedAt"), false);
  assert.equal(untouched.status?.observedGeneration, undefined);
  const annotations = { [INPLACE_UPDATE_STATE_ANNOTATION]: "{}" };
  const changed = projectPod({ ...pod, metadata: { ...pod.metadata, annotations }, status });
  assert.deepEqual(changed.status, status);
});

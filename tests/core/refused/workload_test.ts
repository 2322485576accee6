import assert from "node:assert/strict";
import type { Workload } from "../../../lib/api/objects.ts";
import {
  missingPods,
  podOfWorkload,
  type RefusableKind,
  refusableKind,
} from "../../../lib/core/refused/workload.ts";

type Spec = NonNullable<Workload["spec"]>;
type Status = NonNullable<Workload["status"]>;

const missing = (kind: RefusableKind, spec: Spec, status: Status, metadata = {}) =>
  missingPods({ metadata, spec, status }, kind);

Deno.test("refusableKind() knows Kubernetes' own workloads, and no namesake of another group", () => {
  assert.equal(refusableKind({ apiVersion: "apps/v1", kind: "ReplicaSet" }), "ReplicaSet");
  assert.equal(refusableKind({ apiVersion: "batch/v1", kind: "Job" }), "Job");
  assert.equal(
    refusableKind({ apiVersion: "apps.kruise.io/v1beta1", kind: "StatefulSet" }),
    undefined,
  );
  assert.equal(refusableKind({ apiVersion: "v1", kind: "Pod" }), undefined);
  assert.equal(refusableKind({}), undefined);
});

Deno.test("missingPods() is what a workload wants and does not have", () => {
  assert.equal(missing("ReplicaSet", { replicas: 3 }, { replicas: 1 }), 2);
  assert.equal(missing("StatefulSet", {}, {}), 1, "one by default");
  assert.equal(missing("ReplicaSet", { replicas: 1 }, { replicas: 2 }), 0, "scaling down");
  const scheduled = { desiredNumberScheduled: 5, currentNumberScheduled: 2 };
  assert.equal(missing("DaemonSet", {}, scheduled), 3);
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  assert.equal(missing("ReplicaSet", { replicas: 3 }, {}, { deletionTimestamp }), 0);
});

Deno.test("missingPods() of a Job are those that it would run now", () => {
  const spec = { parallelism: 3, completions: 4 };
  assert.equal(missing("Job", spec, { active: 1 }), 2);
  assert.equal(missing("Job", spec, { active: 0, succeeded: 3 }), 1);
  assert.equal(missing("Job", { ...spec, suspend: true }, {}), 0);
  const conditions = [{ type: "Failed", status: "True" }];
  assert.equal(missing("Job", spec, { conditions }), 0);
  assert.equal(missing("Job", { parallelism: 2 }, {}), 2);
  assert.equal(missing("Job", { parallelism: 2 }, { succeeded: 1, active: 1 }), 0);
});

Deno.test("podOfWorkload() is a Pod of the template that the workload owns", () => {
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "main:1" }] },
  };
  const metadata = { name: "web", namespace: "shop", uid: "u" };
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet" };
  const pod = podOfWorkload({ metadata, spec: { template } }, owner);
  assert.deepEqual(pod?.metadata, {
    labels: { app: "web" },
    generateName: "web-",
    namespace: "shop",
    ownerReferences: [{ ...owner, name: "web", uid: "u", controller: true }],
  });
  assert.deepEqual(pod?.spec, template.spec);
  assert.equal(podOfWorkload({ metadata }, owner), undefined);
  assert.equal(podOfWorkload({ metadata, spec: { template: { spec: {} } } }, owner), undefined);
});

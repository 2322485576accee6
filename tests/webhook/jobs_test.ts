import assert from "node:assert/strict";
import type { AdmissionRequest } from "../../lib/api/admission.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { inject } from "../../lib/core/inject/inject.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { selectsPod } from "../../lib/core/select/pod_selection.ts";
import { createJobReview, type JobReviewOptions } from "../../lib/webhook/jobs.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { handlerWith, post } from "./fixtures.ts";

const SHOP: NamespaceFacts = { name: "shop", labels: { team: "a" } };

function reviewWith(
  sidecarSets: readonly PreparedSidecarSet[],
  options: Partial<JobReviewOptions> = {},
) {
  return createJobReview({
    isSynced: () => true,
    excludedNamespaces: new Set(["kube-system"]),
    match: (labels, namespace) =>
      sidecarSets.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace })),
    namespace: (name) => name === SHOP.name ? SHOP : undefined,
    readNamespace: () => Promise.reject(new Error("not expected to be called")),
    readSidecarSet: () => Promise.reject(new Error("not expected to be called")),
    revisionsOf: () => [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    inject,
    now: () => new Date(0),
    ...options,
  });
}

interface Change {
  readonly kind?: "Job" | "CronJob";
  readonly labels?: Record<string, string>;
  readonly containers?: readonly object[];
  readonly metadata?: object;
  readonly request?: Partial<AdmissionRequest>;
}

/** The review of a Job, or of a CronJob with its template, whose Pods are labelled `app=web`. */
function jobRequest(change: Change = {}): AdmissionRequest {
  const { kind = "Job", labels = { app: "web" }, metadata = {}, request = {} } = change;
  const { containers = [{ name: "main", image: "main:1" }] } = change;
  const spec = { template: { metadata: { labels }, spec: { restartPolicy: "Never", containers } } };
  return {
    uid: "1",
    kind: { group: "batch", version: "v1", kind },
    resource: { group: "batch", version: "v1", resource: `${kind.toLowerCase()}s` },
    name: "night",
    namespace: "shop",
    operation: "CREATE",
    object: {
      apiVersion: "batch/v1",
      kind,
      metadata: { name: "night", namespace: "shop", ...metadata },
      spec: kind === "Job" ? spec : { schedule: "0 3 * * *", jobTemplate: { spec } },
    },
    ...request,
  };
}

const ALLOWED = { allowed: true };
const warnings = async (specs: readonly SidecarSetSpec[], change: Change = {}) => {
  const sets = specs.map((spec, i) => sidecarSetOf({ name: `set-${i}`, spec }));
  const decision = await reviewWith(sets)(jobRequest(change));
  assert.equal(decision.allowed, true);
  assert.equal(decision.patch, undefined);
  return decision.warnings ?? [];
};

const JOB_WARNING =
  'set completionPolicy: TerminateWithMain on "agent" of SidecarSet set-0, or the Job completes only after it';
const agent = { name: "agent", image: "agent:1" };
const ends = { ...agent, completionPolicy: "TerminateWithMain" as const };

Deno.test("createJobReview() warns of a sidecar that a Job waits for, with the remedy first and at once", () => {
  const decision = reviewWith([sidecarSetOf({ name: "set-0" })])(jobRequest());
  assert.deepEqual(decision, { allowed: true, warnings: [JOB_WARNING] });
});

Deno.test("createJobReview() warns of a CronJob when it is created and when it is changed", async () => {
  const expected = JOB_WARNING.replace("the Job completes", "its Jobs complete");
  for (const operation of ["CREATE", "UPDATE"] as const) {
    assert.deepEqual(await warnings([{}], { kind: "CronJob", request: { operation } }), [expected]);
  }
});

Deno.test("createJobReview() warns once of each sidecar, a hot-upgrade pair included", async () => {
  const hot = {
    ...agent,
    name: "hot",
    upgradeStrategy: { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" },
  };
  const found = await warnings([{ containers: [agent, hot] }, { containers: [ends] }]);
  assert.deepEqual(found.map((text) => text.match(/"([^"]*)" of SidecarSet (\S+),/)?.slice(1)), [
    ["agent", "set-0"],
    ["hot", "set-0"],
  ]);
});

const SILENT: Readonly<Record<string, [SidecarSetSpec, Change?]>> = {
  "a sidecar that ends with the main container": [{ containers: [ends] }],
  "a sidecar that ends by OpenKruise's variable": [{
    containers: [{
      ...agent,
      env: [{ name: "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", value: "true" }],
    }],
  }],
  "a native sidecar": [{ containers: [], initContainers: [{ ...agent, restartPolicy: "Always" }] }],
  "a SidecarSet that does not select the Pods": [{}, { labels: { app: "other" } }],
  "a SidecarSet of another namespace": [{ namespace: "other" }],
  "a SidecarSet that is paused": [{ injectionStrategy: { paused: true } }],
  "a sidecar whose name the Job's own container has": [{}, { containers: [agent] }],
  "a workload that is being deleted": [{}, {
    metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
  }],
  "a subresource": [{}, { request: { subResource: "status" } }],
  "a deletion": [{}, { request: { operation: "DELETE", object: null } }],
};
for (const [what, [spec, change]] of Object.entries(SILENT)) {
  Deno.test(`createJobReview() does not warn of ${what}`, async () => {
    assert.deepEqual(await warnings([spec], change), []);
  });
}

Deno.test("createJobReview() selects by the labels that a Job gives to its Pods", async () => {
  const key = "batch.kubernetes.io/job-name";
  const byName = (operator: "Exists" | "DoesNotExist") => ({
    selector: { matchLabels: { app: "web" }, matchExpressions: [{ key, operator }] },
  });
  for (const kind of ["Job", "CronJob"] as const) {
    assert.equal((await warnings([byName("Exists")], { kind })).length, 1);
    assert.equal((await warnings([byName("DoesNotExist")], { kind })).length, 0);
  }
});

Deno.test("createJobReview() fits a warning into 120 characters however long the names are", async () => {
  const name = "n".repeat(63);
  const set = sidecarSetOf({
    name: "s".repeat(253),
    spec: { containers: [{ name, image: "agent:1" }] },
  });
  for (const kind of ["Job", "CronJob"] as const) {
    const { warnings: [text = ""] = [] } = await reviewWith([set])(jobRequest({ kind }));
    assert.equal(text.length, 120);
    assert.match(
      text,
      /^set completionPolicy: TerminateWithMain on "n+\.\.\.n+" of SidecarSet s+\.\.\.s+, or /,
    );
  }
});

Deno.test("createJobReview() allows what it cannot know or read, and never refuses", async () => {
  const sets = [sidecarSetOf()];
  const malformed = [undefined, "Job", {}, { metadata: {}, spec: null }, {
    metadata: { name: 1 },
    spec: { template: { spec: { containers: [] } } },
  }, { metadata: { name: "a" }, spec: { template: { spec: { containers: [1] } } } }];
  for (const kind of ["Job", "CronJob"] as const) {
    for (const object of malformed) {
      assert.deepEqual(await reviewWith(sets)(jobRequest({ kind, request: { object } })), ALLOWED);
    }
  }
  const unsynced = reviewWith(sets, { isSynced: () => false });
  assert.deepEqual(await unsynced(jobRequest()), ALLOWED);
  const excluded = jobRequest({ request: { namespace: "kube-system" } });
  assert.deepEqual(await reviewWith(sets)(excluded), ALLOWED);
  const refusing = sidecarSetOf({ spec: { failurePolicy: "Fail" } });
  assert.deepEqual(await reviewWith([refusing])(jobRequest({ containers: [agent] })), ALLOWED);
});

Deno.test("createJobReview() reads a namespace that it has not seen, and allows where it cannot", async () => {
  const sets = [sidecarSetOf({ name: "set-0" })];
  const request = jobRequest({ request: { namespace: "new" } });
  const read = reviewWith(sets, {
    readNamespace: (name) => Promise.resolve({ name, labels: {} }),
  });
  assert.deepEqual(await read(request), { allowed: true, warnings: [JOB_WARNING] });
  assert.deepEqual(await reviewWith(sets)(request), ALLOWED);
});

Deno.test("The handler reviews Jobs and CronJobs under one path, and nothing else there", async () => {
  const handle = handlerWith({
    reviews: { validateJob: reviewWith([sidecarSetOf({ name: "set-0" })]) },
  });
  const send = async (request: AdmissionRequest) => {
    const body = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
    return await handle(post(JSON.stringify(body), { path: PATHS.validateJob }));
  };
  for (const kind of ["Job", "CronJob"] as const) {
    const response = await send(jobRequest({ kind }));
    assert.equal(response.status, 200);
    assert.match(await response.text(), /"allowed":true,"warnings":\["set completionPolicy/);
  }
  const pod = { group: "", version: "v1", kind: "Pod" };
  assert.equal((await send(jobRequest({ request: { kind: pod } }))).status, 400);
});

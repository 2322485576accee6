import assert from "node:assert/strict";
import type { SidecarContainer } from "../../../lib/api/sidecar_container.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import {
  planRegistration,
  type RegistrationInput,
} from "../../../lib/core/registration/configuration.ts";
import { withExclusions } from "../../../lib/core/registration/exclusions.ts";
import { sidecarSetOf } from "../../support/objects.ts";

const agent: SidecarContainer = { name: "agent", image: "agent:1" };
const owner = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  name: "x",
  uid: "1",
};

function plan(specs: readonly SidecarSetSpec[], more: Partial<RegistrationInput> = {}) {
  return planRegistration({
    name: "sidecarset",
    sidecarSets: specs.map((spec, i) => sidecarSetOf({ name: `set-${i}`, spec })),
    excludedNamespaces: ["kube-system"],
    endpoint: { service: { name: "webhook", namespace: "system", port: 443 } },
    caBundle: "pem",
    owner,
    ...more,
  });
}

const jobEntries = (specs: readonly SidecarSetSpec[], more: Partial<RegistrationInput> = {}) =>
  (plan(specs, more).validating.webhooks ?? []).filter(({ name }) => name.includes(".jobs."));

/** What the entry asks of a Pod template; undefined where it asks nothing. */
const selected = (spec: SidecarSetSpec) =>
  jobEntries([spec])[0]?.matchConditions?.find(({ name }) => name === "selected")?.expression;

Deno.test("planRegistration() registers Jobs and CronJobs for a sidecar that is waited for", () => {
  const [entry, ...others] = jobEntries([{ failurePolicy: "Fail" }]);
  assert.ok(entry);
  assert.deepEqual(others, []);
  const { name, failurePolicy, sideEffects, timeoutSeconds, clientConfig, rules } = entry;
  assert.match(name, /^ignore-[0-9a-f]{10}\.jobs\.apps\.kruise\.io$/);
  assert.deepEqual([failurePolicy, sideEffects, timeoutSeconds], ["Ignore", "None", 2]);
  assert.equal(clientConfig.service?.path, "/validate-batch-v1-job");
  assert.ok(!("reinvocationPolicy" in entry), "a validating entry must not have one");
  assert.deepEqual(
    rules.map(({ apiGroups, apiVersions, operations, resources }) =>
      [...apiGroups, ...apiVersions, ...operations, ...resources].join(" ")
    ),
    ["batch v1 CREATE jobs", "batch v1 CREATE UPDATE cronjobs"],
  );
  assert.deepEqual(entry.namespaceSelector.matchExpressions, [
    { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system"] },
  ]);
});

Deno.test("planRegistration() selects Jobs by the labels of their Pod template", () => {
  assert.equal(
    selected({ selector: { matchLabels: { app: "web" } } }),
    "[has(object.spec.jobTemplate) ? object.spec.jobTemplate.spec.template : object.spec.template]" +
      ".exists(object, has(object.metadata.labels) && " +
      "(('app' in object.metadata.labels && object.metadata.labels['app'] == 'web')))",
  );
});

const ends = { ...agent, completionPolicy: "TerminateWithMain" } satisfies SidecarContainer;
const variable = (name: string, value: string) => ({ ...agent, env: [{ name, value }] });
const COMPLETING: Readonly<Record<string, SidecarSetSpec>> = {
  "whose sidecar ends with the main container": { containers: [ends] },
  "whose sidecar ends by OpenKruise's variable": {
    containers: [variable("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", "true")],
  },
  "whose sidecar ends by another image": {
    containers: [variable("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE", "exit:1")],
  },
  "of native sidecars": { containers: [], initContainers: [{ ...agent, restartPolicy: "Always" }] },
  "of init containers": { containers: [], initContainers: [agent] },
  "that is paused": { injectionStrategy: { paused: true } },
  "that leaves out the Pods of Jobs": {
    selector: {
      matchLabels: { app: "web" },
      matchExpressions: [{ key: "batch.kubernetes.io/job-name", operator: "DoesNotExist" }],
    },
  },
};
for (const [what, spec] of Object.entries(COMPLETING)) {
  Deno.test(`planRegistration() registers no Jobs for a SidecarSet ${what}`, () => {
    assert.deepEqual(jobEntries([spec]), []);
    const [entry] = jobEntries([spec, { selector: { matchLabels: { app: "waits" } } }]);
    assert.doesNotMatch(JSON.stringify(entry?.matchConditions), /'web'/);
  });
}

Deno.test("planRegistration() registers no Jobs for a SidecarSet that is not valid", () => {
  const problems = [{ reason: "FieldValueInvalid", field: "spec", message: "is wrong" }] as const;
  assert.deepEqual(jobEntries([], { sidecarSets: [{ ...sidecarSetOf(), problems }] }), []);
});

Deno.test("planRegistration() registers Jobs where one of several sidecars is waited for", () => {
  assert.equal(jobEntries([{ containers: [ends, { ...agent, name: "waits" }] }]).length, 1);
});

Deno.test("planRegistration() asks no template for the labels that a Job gives to its Pods", () => {
  const exists = { key: "batch.kubernetes.io/job-name", operator: "Exists" as const };
  assert.equal(selected({ selector: { matchExpressions: [exists] } }), undefined);
  const both = selected({ selector: { matchLabels: { app: "web" }, matchExpressions: [exists] } });
  assert.match(both ?? "", /'web'/);
  assert.doesNotMatch(both ?? "", /job-name/);
});

Deno.test("planRegistration() gives Jobs the namespace selectors of the SidecarSets, merged past the limit", () => {
  const [entry] = jobEntries([{ namespaceSelector: { matchLabels: { env: "prod" } } }]);
  assert.deepEqual(entry?.namespaceSelector.matchExpressions?.at(-1), {
    key: "env",
    operator: "In",
    values: ["prod"],
  });
  const merged = jobEntries(Array.from({ length: 30 }, (_, i) => ({ namespace: `ns-${i}` })));
  assert.equal(merged.length, 1);
  assert.equal(merged[0]?.namespaceSelector.matchExpressions?.length, 1);
});

Deno.test("planRegistration() widens the scope of Jobs past the limits, where Pods are not covered", () => {
  const specs = Array.from({ length: 52 }, (_, i) => ({
    selector: { matchLabels: { app: `${i}`, tier: "web" } },
    failurePolicy: "Fail" as const,
  }));
  const { uncovered } = plan(specs);
  assert.equal(uncovered.size, 2);
  const [entry] = jobEntries(specs);
  assert.match(
    entry?.matchConditions?.at(-1)?.expression ?? "",
    /^\[.*\]\.exists\(object, has\(object\.metadata\.labels\) && \(\('app' in object\.metadata\.labels\)\)\)$/,
  );
});

Deno.test("planRegistration() registers Jobs of a SidecarSet that a pending entry covers", () => {
  const prepared = sidecarSetOf({ name: "set-0" });
  const { uid = "", generation = 1 } = prepared.sidecarSet.metadata;
  const { selector } = prepared.sidecarSet.spec;
  const pending = [{
    ...{ name: "set-0", uid, generation, since: "2026-01-01T00:00:00Z" },
    spec: { ...(selector ? { selector } : {}), failurePolicy: "Ignore" as const },
  }];
  const { mutating } = plan([{}], { pending });
  assert.ok(mutating.webhooks?.some(({ name }) => name.startsWith("pending-")));
  assert.deepEqual(jobEntries([{}], { pending }), jobEntries([{}]));
});

Deno.test("planRegistration() keeps the entry for SidecarSets first, and alone without one", () => {
  const { validating } = plan([{}]);
  assert.equal(validating.webhooks?.[0]?.name, "validation.sidecarsets.apps.kruise.io");
  assert.deepEqual(plan([]).validating.webhooks?.length, 1);
});

const excluded = { key: "control-plane", operator: "NotIn" as const, values: ["true"] };
for (
  const [what, isNarrowed] of [
    ["every entry", () => true],
    ["entries for namespaced objects", (name: string) => name.includes(".jobs.")],
  ] as const
) {
  Deno.test(`withExclusions() keeps what an enforcer adds to ${what}, and gives it to a new entry for Jobs`, () => {
    const narrowed = (specs: readonly SidecarSetSpec[]) => {
      const { validating } = plan(specs);
      const webhooks = (validating.webhooks ?? []).map((entry) => ({
        ...entry,
        namespaceSelector: {
          ...entry.namespaceSelector,
          ...(isNarrowed(entry.name)
            ? {
              matchExpressions: [
                ...entry.namespaceSelector.matchExpressions ?? [],
                excluded,
              ],
            }
            : {}),
        },
      }));
      return { ...validating, webhooks };
    };
    const one = [{}];
    const two = [{}, { namespace: "db" }];
    const options = { isConfirmed: true };
    assert.deepEqual(withExclusions(plan(one).validating, narrowed(one), options), narrowed(one));
    assert.deepEqual(withExclusions(plan(two).validating, narrowed(one), options), narrowed(two));
  });
}

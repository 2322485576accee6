import assert from "node:assert/strict";
import { kruiseRegistration } from "../../support/openkruise.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { planMechanisms } from "../../../lib/core/admission_policy/plan.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import type { PendingSelection } from "../../../lib/core/registration/pending.ts";
import { widened } from "../../../lib/core/registration/pending_entries.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { clusterOf, type ObjectCluster } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

interface Check {
  name: string;
  status: string;
  message: string;
  remedy?: string;
  commands?: string[];
}

const crd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "sidecarsets.apps.kruise.io" },
  spec: {
    versions: [{ name: "v1alpha1", served: true }, { name: "v1beta1", served: true }],
  },
  status: { conditions: [{ type: "Established", status: "True" }] },
};

const web = sidecarSetOf({ status: { effectiveSince: "2026-01-01T00:00:00Z" } });
const other = sidecarSetOf({
  name: "other",
  spec: {
    selector: { matchLabels: { app: "none" } },
    containers: [{ name: "other", image: "other:1" }],
  },
});
const sidecarSets = [web, other].map(({ sidecarSet }) => ({
  ...sidecarSet,
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
}));
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };

function examine(...objects: object[]): Promise<{ status: number; checks: Check[] }> {
  return examineCluster(clusterOf(objects));
}

async function examineCluster(
  { client }: ObjectCluster,
): Promise<{ status: number; checks: Check[] }> {
  const { status, output, errors } = await runCli(["doctor", "-o", "json"], { client });
  assert.equal(errors, "");
  const { checks }: { checks: Check[] } = JSON.parse(output);
  return { status, checks };
}

function checkOf(checks: readonly Check[], name: string): Check {
  const found = checks.find((check) => check.name === name);
  assert.ok(found, `there is no check ${name} among ${checks.map((each) => each.name)}`);
  return found;
}

Deno.test("doctor stops where the kind is not installed, and says how to install it", async () => {
  const { status, checks } = await examine(namespace);
  assert.equal(status, 1);
  assert.equal(checks.length, 2);
  const { message, remedy } = checkOf(checks, "CustomResourceDefinition");
  assert.equal(message, "sidecarsets.apps.kruise.io is missing");
  assert.match(remedy ?? "", /sidecarset manifests --image IMAGE \| kubectl apply -f -$/);
});

Deno.test("doctor reports a missing leader, a missing registration, and their consequences", async () => {
  const missed = podOf({ name: "late", creationTimestamp: "2026-01-01T06:00:00Z" });
  const { status, checks } = await examine(crd, namespace, ...sidecarSets, missed);
  assert.equal(status, 1);
  for (
    const [name, found, message] of [
      ["API server", "ok", /v1\.34\.0/],
      ["webhook registration", "error", /^MutatingWebhookConfiguration .* missing$/],
      ["leader", "error", /^Lease .* does not exist$/],
      ["replicas", "warning", /can only run outside the cluster$/],
      ["webhook answers about SidecarSets", "error", /was accepted/],
      ["webhook injects SidecarSet web", "error", /without its sidecars/],
      ["your rights", "ok", /suffice/],
      ["no Pod is missed", "warning", /1 for NotReviewed .* for example default\/late/],
      ["SidecarSets select Pods", "warning", /selected by: other$/],
    ] as const
  ) {
    const check = checkOf(checks, name);
    assert.equal(check.status, found, name);
    assert.match(check.message, message);
  }
});

Deno.test("doctor gives a remedy for each error and each warning", async () => {
  const { checks } = await examine(crd, namespace, ...sidecarSets);
  const complaints = checks.filter(({ status }) => status === "error" || status === "warning");
  assert.ok(complaints.length > 3);
  assert.deepEqual(complaints.filter(({ remedy }) => !remedy), []);
});

const EXCLUDED = ["kube-system", "kube-node-lease", "kube-public", "sidecarset-system"];

/** Both configurations, with entries for `other` alone. */
function registeredForOther() {
  return planRegistration({
    name: "sidecarset",
    sidecarSets: [other],
    excludedNamespaces: EXCLUDED,
    endpoint: { service: { name: "sidecarset", namespace: "sidecarset-system", port: 443 } },
    caBundle: "",
  });
}

Deno.test("doctor accepts a pending entry in the place of a permanent one", async () => {
  const { mutating, validating } = registeredForOther();
  const { uid = "", generation = 1 } = web.sidecarSet.metadata;
  const { selector } = web.sidecarSet.spec;
  assert.ok(selector);
  const added = { name: web.name, uid, generation, since: "2026-01-01T00:00:00Z" };
  const wider = widened(mutating, [{ ...added, spec: { selector } }], {
    excludedNamespaces: EXCLUDED,
  });
  assert.ok(wider);
  const scopeOf = async (...configurations: object[]) => {
    const { checks } = await examine(crd, namespace, ...sidecarSets, ...configurations);
    return checkOf(checks, "registration's scope");
  };
  const found = await scopeOf(wider.configuration, validating);
  assert.equal(found.status, "ok", found.message);
  assert.equal((await scopeOf(mutating, validating)).status, "error");
});

Deno.test("doctor accepts a permanent or a pending entry for each new SidecarSet", async () => {
  const setOf = (name: string, spec: Partial<SidecarSetSpec> = {}) =>
    sidecarSetOf({
      name,
      spec: {
        selector: { matchLabels: { app: name } },
        containers: [{ name, image: "i" }],
        ...spec,
      },
    });
  const [old, a, b] = [setOf("old"), setOf("a"), setOf("b")];
  const strict = setOf("strict", { failurePolicy: "Fail" });
  const owner = { apiVersion: "v1", kind: "ClusterRole", name: "sidecarset", uid: "1" };
  const all = [old, a, b, strict];
  const plan = (sets: PreparedSidecarSet[], pending: PendingSelection[] = []) =>
    planRegistration({
      ...{ name: "sidecarset", sidecarSets: sets, excludedNamespaces: EXCLUDED, caBundle: "" },
      ...{ endpoint: { url: "https://127.0.0.1" }, pending, owner },
    });
  const since = "2026-01-01T00:00:00Z";
  const selectionOf = ({ name, sidecarSet: { metadata, spec } }: PreparedSidecarSet) => {
    const { uid = "" } = metadata;
    return { name, uid, generation: 1, since, spec: { selector: spec.selector ?? {} } };
  };
  const anyPods = { name: "any", uid: "any", generation: 0, since, spec: { selector: {} } };
  const both = [selectionOf(a), selectionOf(b)];
  const cases: [string, PreparedSidecarSet[], PendingSelection[], "ok" | "error"][] = [
    ["neither is permanent", [old, strict], both, "ok"],
    ["the first is permanent", [old, strict, a], both, "ok"],
    ["the second is permanent", [old, strict, b], both, "ok"],
    ["both are permanent", all, both, "ok"],
    ["all Pods are reviewed", [old, strict], [anyPods], "ok"],
    ["all Pods are reviewed, and one is permanent", [old, strict, b], [anyPods], "ok"],
    ["an old one is neither", [strict, a], both, "error"],
    ["one is neither", [old, strict, a], [selectionOf(a)], "error"],
    ["all Pods are reviewed, but none is refused", [old, a, b], [anyPods], "error"],
  ];
  const objects = all.map(({ sidecarSet }) => ({
    ...sidecarSet,
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
  }));
  for (const [what, sets, pending, status] of cases) {
    const { mutating } = plan(sets, pending);
    const { checks } = await examine(crd, namespace, ...objects, mutating, plan(all).validating);
    const found = checkOf(checks, "registration's scope");
    assert.equal(found.status, status, `${what}: ${found.message}`);
  }
});

Deno.test("doctor asks the controller for the rights of the controller's roles, not of those for users", async () => {
  const examineWith = async (isAllowed: (verb: unknown, resource: unknown) => boolean) => {
    const cluster = clusterOf([crd, namespace], {
      isAllowed: ({ user, resourceAttributes }) => {
        const { verb, resource } = Object(resourceAttributes);
        return user === undefined || isAllowed(verb, resource);
      },
    });
    return checkOf((await examineCluster(cluster)).checks, "controller's rights");
  };
  const isReading = (verb: unknown) => ["get", "list", "watch"].includes(String(verb));
  const found = await examineWith((verb, resource) =>
    resource !== "sidecarsets" || isReading(verb) || verb === "patch"
  );
  assert.equal(found.status, "ok", found.message);
  const { status, message } = await examineWith((_verb, resource) => resource !== "leases");
  assert.equal(status, "error");
  assert.match(message, /may not list\/create\/patch\/delete leases\.coordination\.k8s\.io in /);
});

Deno.test("doctor finds a conversion webhook that OpenKruise has left", async () => {
  const converted = { ...crd, spec: { ...crd.spec, conversion: { strategy: "Webhook" } } };
  const { checks } = await examine(converted);
  assert.equal(checkOf(checks, "CustomResourceDefinition").status, "error");
});

Deno.test("doctor finds revisions of OpenKruise that the controller may not read", async () => {
  const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kruise-system" } };
  const metadata = {
    name: "web-1",
    namespace: "kruise-system",
    labels: { "kruise.io/sidecarset-name": "web" },
  };
  const revision = { apiVersion: "apps/v1", kind: "ControllerRevision", metadata, revision: 1 };
  const objects = [crd, namespace, system, revision];
  const isOutside = ({ resourceAttributes }: Record<string, unknown>) =>
    JSON.stringify(resourceAttributes).includes("kruise-system");
  const forbidden = clusterOf(objects, { isAllowed: (spec) => !isOutside(spec) });
  const { status, remedy } = checkOf((await examineCluster(forbidden)).checks, "OpenKruise");
  assert.equal(status, "warning");
  assert.match(remedy ?? "", /sidecarset manifests --openkruise/);
  assert.equal(checkOf((await examine(...objects)).checks, "OpenKruise").status, "ok");
});

Deno.test("doctor finds that the controller looks for OpenKruise in another namespace", async () => {
  const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "ops" } };
  const labels = { "kruise.io/sidecarset-name": "web" };
  const metadata = { name: "web-1", namespace: "ops", labels };
  const revision = { apiVersion: "apps/v1", kind: "ControllerRevision", metadata, revision: 1 };
  const registration = kruiseRegistration({ namespace: "ops", except: ["sidecarsets"] });
  const controller = (...args: string[]) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "sidecarset", namespace: "sidecarset-system" },
    spec: {
      selector: { matchLabels: { app: "sidecarset" } },
      template: {
        metadata: { labels: { app: "sidecarset" } },
        spec: { containers: [{ name: "controller", image: "s:1", args: ["controller", ...args] }] },
      },
    },
  });
  const objects = [crd, namespace, system, revision];
  const resultOf = async (...others: object[]) =>
    checkOf((await examine(...objects, ...others)).checks, "OpenKruise");
  const other = await resultOf(...registration, controller());
  assert.equal(
    other.message,
    "left revisions or an allow-list in ops, and the controller reads kruise-system",
  );
  assert.match(other.remedy ?? "", /manifests --openkruise --openkruise-namespace ops adds$/);
  // Without OpenKruise's registration, the controller's own argument is all that names the namespace.
  for (const flags of [["--openkruise-namespace=ops"], ["--openkruise-namespace", "ops"]]) {
    assert.equal((await resultOf(...registration, controller(...flags))).status, "ok");
    assert.equal((await resultOf(controller(...flags))).status, "ok");
  }
});

const replicaSet = {
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "shop-1", namespace: "shop", uid: "uid-of-shop-1" },
  spec: {
    replicas: 2,
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    },
  },
  status: { replicas: 1 },
};

/** What the controller of the ReplicaSet says when the quota wants this container to request CPU. */
function refusal(container: string): object {
  const { apiVersion, kind, metadata: { name, namespace, uid } } = replicaSet;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "shop-1.1", namespace },
    reason: "FailedCreate",
    regarding: { apiVersion, kind, name, namespace, uid },
    note: `Error creating: pods "shop-1-x" is forbidden: ` +
      `failed quota: q: must specify requests.cpu for: ${container}`,
    eventTime: "2026-01-01T11:00:00Z",
  };
}

Deno.test("doctor reports a workload whose Pods the API server refuses because of a sidecar", async () => {
  const { status, checks } = await examine(
    ...[crd, namespace, ...sidecarSets, replicaSet, refusal("agent")],
  );
  assert.equal(status, 1);
  const check = checkOf(checks, "no Pod is refused because of a sidecar");
  assert.equal(check.status, "error");
  assert.equal(
    check.message,
    "web: 1 workload lacks Pods, which the API server refuses because of the sidecar, for example " +
      "ReplicaSet shop/shop-1: failed quota: q: must specify requests.cpu for: agent",
  );
  assert.match(check.remedy ?? "", /: sidecarset explain replicaset\/shop-1 -n shop$/);
});

Deno.test("doctor ignores workloads with another cause, with Pods, or deleted", async () => {
  const complete = { ...replicaSet, status: { replicas: 2 } };
  const another = { ...replicaSet, metadata: { ...replicaSet.metadata, uid: "another" } };
  for (
    const objects of [
      [replicaSet, refusal("main")],
      [complete, refusal("agent")],
      [another, refusal("agent")],
      [refusal("agent")],
    ]
  ) {
    const { checks } = await examine(crd, namespace, ...sidecarSets, ...objects);
    assert.equal(checkOf(checks, "no Pod is refused because of a sidecar").status, "ok");
  }
});

Deno.test("doctor reports SidecarSets that are not ready, with the reason", async () => {
  const because = (status: string, message: string) => ({
    conditions: [{
      ...{ type: "Ready", status, reason: "Overwritten", message },
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }],
  });
  const [first, second] = sidecarSets;
  const third = { ...second, metadata: { ...second?.metadata, name: "third" } };
  const { checks } = await examine(
    ...[crd, namespace],
    { ...first, status: because("False", "Another client changes it") },
    { ...second, status: because("True", "New Pods get this generation") },
    { ...third, status: because("False", "Another client changes it") },
  );
  const { status, message, remedy } = checkOf(checks, "SidecarSets are ready");
  assert.equal(status, "warning");
  assert.equal(message, "web, third: Overwritten: Another client changes it");
  assert.match(remedy ?? "", /sidecarset status \w+$/);
  const ready = await examine(crd, namespace, ...sidecarSets);
  assert.equal(checkOf(ready.checks, "SidecarSets are ready").status, "ok");
});

/** Runs doctor's leader check on a machine whose clock shows noon. */
async function leaderCheck(
  { renewTime, ...options }: { renewTime: string; serverTime?: string; isRenewed?: boolean },
): Promise<Check> {
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "sidecarset", namespace: "sidecarset-system", resourceVersion: "1" },
    spec: { holderIdentity: "replica-1", renewTime, leaseDurationSeconds: 15 },
  };
  const { output } = await runCli(["doctor", "-o", "json"], {
    client: clusterOf([crd, namespace, lease]).client,
    ...options,
    onSleep() {
      if (options.isRenewed) lease.metadata = { ...lease.metadata, resourceVersion: "2" };
    },
  });
  const { checks }: { checks: Check[] } = JSON.parse(output);
  return checkOf(checks, "leader");
}

for (const hour of ["11", "13"]) {
  Deno.test(`doctor reads the Lease by the API server's clock, an hour off (${hour}:00)`, async () => {
    const found = await leaderCheck({
      renewTime: `2026-01-01T${hour}:00:00Z`,
      serverTime: `2026-01-01T${hour}:00:05Z`,
    });
    assert.deepEqual([found.status, found.message], ["ok", "replica-1 leads"]);
    const stale = await leaderCheck({
      renewTime: "2026-01-01T12:00:00Z",
      serverTime: `2026-01-01T${hour}:00:00Z`,
    });
    assert.equal(stale.status, "error");
    assert.match(stale.message, /^replica-1 has not renewed the Lease (for 3600 s|since 2026)/);
  });
}

Deno.test("doctor takes a Lease that changes for proof of a leader whose clock is wrong", async () => {
  const found = await leaderCheck({ renewTime: "2026-01-01T11:00:00Z", isRenewed: true });
  assert.deepEqual(found, {
    name: "leader",
    status: "warning",
    message: "replica-1 leads, but its clock is about 3600 s behind the API server's",
    remedy: "synchronize the clock of the node that it runs on",
  });
});

Deno.test("doctor reports Pods that cannot complete before a sidecar", async () => {
  const pod = (name: string, main: object, restartPolicy = "Never") => {
    const { spec, ...rest } = podOf({ name, injected: [web], state: "Running" });
    const containerStatuses = [{ name: "agent", state: { running: {} } }, {
      name: "main",
      state: main,
    }];
    const status = { phase: "Running", containerStatuses };
    return { apiVersion: "v1", kind: "Pod", ...rest, spec: { ...spec, restartPolicy }, status };
  };
  const running = pod("running", { running: {} });
  const ended = pod("ended", { terminated: { exitCode: 0 } }, "OnFailure");
  const failed = pod("failed", { terminated: { exitCode: 1 } }, "OnFailure");
  const service = pod("service", { running: {} }, "Always");
  const name = "no Job waits for a sidecar";
  const pods = [running, ended, failed, service];
  const check = checkOf((await examine(crd, namespace, ...sidecarSets, ...pods)).checks, name);
  assert.equal(check.status, "warning");
  assert.equal(
    check.message,
    "web: 3 Pods cannot complete before its sidecars terminate, and in 1 of them only sidecars still run, " +
      "for example default/ended (agent)",
  );
  assert.match(check.remedy ?? "", /^set completionPolicy: TerminateWithMain on sidecars /);
  assert.deepEqual(check.commands, [
    "sidecarset explain pod/ended -n default",
    "kubectl edit sidecarset web",
  ]);
  const fine = checkOf((await examine(crd, namespace, ...sidecarSets, service)).checks, name);
  assert.equal(fine.status, "ok");
});

Deno.test("doctor checks what injects SidecarSets with the mechanism Policy", async () => {
  const byPolicy = sidecarSetOf({
    spec: { injectionStrategy: { mechanism: "Policy" } },
    status: { effectiveSince: "2026-01-01T00:00:00Z" },
  });
  const stored = (status: object = {}) => ({
    ...byPolicy.sidecarSet,
    status,
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
  });
  const { mutatingAdmissionPolicy: policy, binding } = planMechanisms({
    sidecarSets: [byPolicy],
    revisionsOf: () => [],
    excludedNamespaces: [],
  });
  assert.ok(policy && binding);
  const checkWith = async (...objects: object[]) =>
    checkOf((await examine(crd, namespace, ...objects)).checks, "injection policy");
  const without = await checkWith(stored());
  assert.equal(without.status, "error");
  assert.match(without.message, /MutatingAdmissionPolicy or its binding lacks web$/);
  assert.equal((await checkWith(stored(), policy)).status, "error", "the binding is missing");
  const complete = await checkWith(stored(), policy, binding);
  assert.equal(complete.status, "ok", complete.message);
  const message = "spec.containers[agent].transferEnv depends on the Pod: remove it";
  const conditions = [{
    type: "Ready",
    status: "True",
    reason: "PolicyUnsupported",
    message,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }];
  const fallback = await checkWith(stored({ conditions }), policy, binding);
  assert.equal(fallback.status, "warning");
  assert.match(fallback.message, /web: .*PolicyUnsupported.*transferEnv/);
});

/** The controller's Deployment in the cluster of a test. */
function deploymentOf(replicas: number, annotations = {}, args: string[] = ["controller"]) {
  const containers = [{ name: "controller", image: "sidecarset:1", args }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "sidecarset", namespace: "sidecarset-system", annotations },
    spec: { replicas, template: { spec: { containers } } },
    status: {},
  };
}

Deno.test("doctor's command that installs again is valid for every Deployment", async () => {
  const helm = {
    "meta.helm.sh/release-name": "mesh",
    "meta.helm.sh/release-namespace": "sidecarset-system",
  };
  const kruise = ["controller", "--openkruise-namespace=kruise"];
  for (
    const [deployment, command] of [
      [
        deploymentOf(3),
        "sidecarset manifests --image sidecarset:1 --replicas 3 | kubectl apply -f -",
      ],
      [deploymentOf(0), "sidecarset manifests --image sidecarset:1 | kubectl apply -f -"],
      [
        deploymentOf(0, {}, kruise),
        "sidecarset manifests --image sidecarset:1 --openkruise --openkruise-namespace kruise | " +
        "kubectl apply -f -",
      ],
      [
        deploymentOf(2, helm),
        "helm get manifest mesh -n sidecarset-system | " +
        "kubectl apply --server-side --force-conflicts --field-manager helm -f -",
      ],
    ] as const
  ) {
    const { checks } = await examine(namespace, deployment);
    assert.deepEqual(checkOf(checks, "CustomResourceDefinition").commands, [command]);
  }
});

Deno.test("doctor takes the excluded namespaces from the Deployment", async () => {
  const webhooks = planRegistration({
    name: "sidecarset",
    sidecarSets: [web, other],
    excludedNamespaces: ["kube-system", "sidecarset-system"],
    endpoint: { url: "" },
    caBundle: "",
  });
  const registered = [webhooks.mutating, webhooks.validating];
  for (
    const [args, status] of [
      [["controller"], "error"],
      [["controller", "--exclude-namespaces=kube-system"], "ok"],
      [["controller", "--exclude-namespaces", "kube-system"], "ok"],
    ] as const
  ) {
    const deployment = deploymentOf(2, {}, [...args]);
    const { checks } = await examine(crd, namespace, ...sidecarSets, ...registered, deployment);
    const scope = checkOf(checks, "registration's scope");
    assert.equal(scope.status, status, scope.message);
  }
});

Deno.test("doctor says that a Deployment is scaled to 0, and where to look for a lost webhook", async () => {
  const { checks } = await examine(crd, namespace, ...sidecarSets, deploymentOf(0));
  const replicas = checkOf(checks, "replicas");
  assert.equal(replicas.status, "error");
  assert.equal(replicas.message, "it is scaled to 0 replicas");
  const logs = "kubectl -n sidecarset-system logs deployment/sidecarset --tail 20";
  assert.deepEqual(replicas.commands, [
    "kubectl -n sidecarset-system scale deployment sidecarset --replicas 2",
  ]);
  assert.deepEqual(checkOf(checks, "leader").commands, [logs]);
  assert.deepEqual(checkOf(checks, "webhook answers about SidecarSets").commands, [
    "kubectl -n sidecarset-system get endpointslices -l kubernetes.io/service-name=sidecarset-webhook",
    logs,
  ]);
});

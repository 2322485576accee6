import assert from "node:assert/strict";
import type { Recorded } from "../../support/recording_client.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const SIDECAR_SET = {
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "logging", uid: "s", generation: 1 },
  spec: {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
  },
  status: { uninjectedPods: 1, missedPods: 1, effectiveSince: "2025-12-01T00:00:00Z" },
};
const hash = JSON.stringify({
  logging: { hash: "h", controllerRevision: "logging-abc", sidecarList: ["agent"] },
});
const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-0",
    namespace: "shop",
    labels: { app: "web" },
    annotations: {
      "kruise.io/sidecarset-injected-list": "logging,mesh",
      "kruise.io/sidecarset-hash": hash,
      "kruise.io/sidecarset-hash-without-image": hash,
    },
  },
  spec: {
    containers: [
      { name: "agent", image: "agent:1", env: [{ name: "IS_INJECTED", value: "true" }] },
      { name: "main", image: "main:1" },
    ],
  },
  status: { phase: "Running" },
};
const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", uid: "d" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    },
  },
};
const NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
const OBJECTS = [SIDECAR_SET, POD, DEPLOYMENT, NAMESPACE];

const NEW_POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "new", namespace: "shop", labels: { app: "web" } },
  spec: { containers: [{ name: "main", image: "main:1" }] },
};

/** A user with the role `view` in the namespace shop alone. */
const onlyShop = ({ path }: Recorded) => !/\/namespaces\/shop(\/|$)/.test(path);
/** The same user, who may also list SidecarSets. */
const shopAndSets = (request: Recorded) =>
  onlyShop(request) && !request.path.endsWith("/sidecarsets");

const run = (command: string, isForbidden: (request: Recorded) => boolean) =>
  runCli(command.split(" "), {
    client: clusterOf(OBJECTS, { isForbidden }).client,
    files: { "pod.yaml": JSON.stringify(NEW_POD) },
  });

Deno.test("explain shows a namespace's developer what the Pod records, and which rights show more", async () => {
  const { status, output, errors } = await run("explain pod/web-0 -n shop", onlyShop);
  assert.equal(status, 0, errors);
  assert.match(output, /\n {2}2 SidecarSets injected, by the Pod's annotations\.\n/);
  assert.match(output, /\n {2}logging {2}injected\n {4}revision logging-abc\n/);
  assert.match(output, /\n {2}mesh {2}injected\n/);
  assert.match(
    errors,
    /^Unknown, because this user may not:\n {2}list sidecarsets\.apps\.kruise\.io:\n/,
  );
  assert.match(
    errors,
    /\n {2}get mutatingwebhookconfigurations\.admissionregistration\.k8s\.io\/sidecarset:\n/,
  );
  assert.doesNotMatch(errors, /namespaces\/shop/);
  const data = await run("explain pod/web-0 -n shop -o json", onlyShop);
  const { missingRights } = JSON.parse(data.output);
  assert.deepEqual(
    missingRights.map(({ verb, resource }: Record<string, string>) => `${verb} ${resource}`),
    [
      "list sidecarsets.apps.kruise.io",
      "get mutatingwebhookconfigurations.admissionregistration.k8s.io",
    ],
  );
});

Deno.test("explain says of a workload that the SidecarSets are unknown, and what its Pods record", async () => {
  const { output } = await run("explain deploy/web -n shop", onlyShop);
  assert.match(output, /\n {2}The SidecarSets of the cluster are unknown\.\n/);
  assert.doesNotMatch(output, /No SidecarSets|not selected/);
  assert.match(output, /\n {2}The workload has no Pods\.\n$/);
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "r" };
  const ownerReferences = [{ ...owner, controller: true }];
  const replicaSet = {
    ...{ apiVersion: "apps/v1", kind: "ReplicaSet" },
    metadata: {
      name: "web-1",
      namespace: "shop",
      uid: "r",
      ownerReferences: [{ kind: "Deployment", name: "web", uid: "d", controller: true }],
    },
  };
  const pods = [POD, NEW_POD].map((pod) => ({
    ...pod,
    metadata: { ...pod.metadata, ownerReferences },
  }));
  const { client } = clusterOf([DEPLOYMENT, replicaSet, ...pods, NAMESPACE], {
    isForbidden: onlyShop,
  });
  const withPods = await runCli(["explain", "deploy/web", "-n", "shop"], { client });
  assert.match(
    withPods.output,
    /\n {2}PODS OF {2}INJECTED\n {2}logging {2}1 of 2\n {2}mesh {5}1 of 2\n$/,
  );
});

Deno.test("explain says whose container is in a Pod by its annotations, also of a deleted SidecarSet", async () => {
  for (const objects of [OBJECTS, OBJECTS.filter((each) => each !== SIDECAR_SET)]) {
    const isForbidden = objects === OBJECTS ? onlyShop : () => false;
    const { client } = clusterOf(objects, { isForbidden });
    const { output } = await runCli(["explain", "pod/web-0", "-n", "shop"], { client });
    assert.match(output, /\n {2}1 {6}agent +agent:1 {2}SidecarSet logging\n/);
    assert.match(output, /\n {2}2 {6}main +main:1 {3}the Pod\n/);
  }
});

Deno.test("explain shows a namespace's developer the reason in a skipped Pod's event", async () => {
  const event = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "new.1", namespace: "shop" },
    type: "Warning",
    reason: "ContainerNameConflict",
    note: "SidecarSet logging is not injected: spec.containers has a container agent",
    regarding: { kind: "Pod", namespace: "shop", name: "new", uid: "n" },
    related: { apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", name: "logging" },
    reportingController: "sidecarset",
  };
  const others = [
    { ...event, reportingController: "kubelet" },
    { ...event, reason: "Scheduled", note: "assigned" },
    { ...event, related: undefined },
  ];
  const objects = [NEW_POD, NAMESPACE, SIDECAR_SET];
  const shown = await runCli(["explain", "pod/new", "-n", "shop"], {
    client: clusterOf([...objects, ...others, event], { isForbidden: onlyShop }).client,
  });
  assert.equal(shown.status, 0, shown.errors);
  assert.match(
    shown.output,
    /\n {2}0 SidecarSets injected, by the Pod's annotations\. Missed: 1, by its events\.\n/,
  );
  assert.match(
    shown.output,
    /\n {2}logging {2}missed \(ContainerNameConflict\)\n {4}spec\.containers has a container agent\n/,
  );
  const without = await runCli(["explain", "pod/new", "-n", "shop"], {
    client: clusterOf([...objects, event], {
      isForbidden: (request) => onlyShop(request) || request.path.endsWith("/events"),
    }).client,
  });
  assert.equal(without.status, 0, without.errors);
  assert.doesNotMatch(without.output, /missed/);
});

Deno.test("explain knows the namespace of the Pod without the right to list namespaces", async () => {
  const { output, errors } = await run("explain pod/web-0 -n shop", shopAndSets);
  assert.match(output, /\n {2}logging {2}injected, (outdated|up to date)\n/);
  assert.doesNotMatch(errors, /list sidecarsets|(get|list) namespaces/);
});

Deno.test("inject --from-cluster names the missing right instead of leaving the sidecars out", async () => {
  const { status, output, errors } = await run("inject --from-cluster -f pod.yaml", onlyShop);
  assert.deepEqual({ status, output }, { status: 2, output: "" });
  assert.match(
    errors,
    /^Cannot inject the SidecarSets of the cluster\. Unknown, because this user may not:\n/,
  );
  assert.match(errors, /\n {2}list sidecarsets\.apps\.kruise\.io:\n/);
});

Deno.test("inject --from-cluster injects with the right to list SidecarSets alone", async () => {
  const { status, output, errors } = await run("inject --from-cluster -f pod.yaml", shopAndSets);
  assert.equal(status, 0, errors);
  assert.match(output, /agent:1/);
  assert.match(errors, /^Unknown, because this user may not:\n {2}get mutating/m);
});

Deno.test("status shows what the Pods of the context's namespace record, or which rights it needs", async () => {
  const inDefault = { ...POD, metadata: { ...POD.metadata, namespace: "default" } };
  const { client } = clusterOf([inDefault], {
    isForbidden: ({ path }) => !path.includes("/namespaces/default/pods"),
  });
  const shown = await runCli(["status"], { client });
  assert.equal(shown.status, 0, shown.errors);
  assert.equal(
    shown.output,
    "In the Pods of namespace default:\n" +
      "NAME     PODS  REVISIONS\nlogging  1     logging-abc\nmesh     1\n",
  );
  assert.match(shown.errors, /list sidecarsets\.apps\.kruise\.io:\n {4}the state of SidecarSets/);
  const ofShop = await runCli(["status", "-n", "shop"], {
    client: clusterOf(OBJECTS, { isForbidden: onlyShop }).client,
  });
  assert.match(
    ofShop.output,
    /^In the Pods of namespace shop:\nNAME {5}PODS {2}REVISIONS\nlogging /,
  );
  const none = await runCli(["status"], {
    client: clusterOf([], { isForbidden: () => true }).client,
  });
  assert.equal(none.status, 2);
  assert.match(
    none.errors,
    /^Cannot show a status\. .*\n.*list sidecarsets[^]*list pods in namespace default/,
  );
});

Deno.test("status --missed lists the Pods of the context's namespace without the right to list all", async () => {
  const missed = {
    ...POD,
    metadata: {
      name: "late",
      namespace: "default",
      labels: { app: "web" },
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
  };
  const { client } = clusterOf([SIDECAR_SET, missed], {
    isForbidden: ({ path }) =>
      !path.includes("/namespaces/default") && !path.endsWith("/sidecarsets"),
  });
  const { status, output, errors } = await runCli(["status", "--missed"], { client });
  assert.equal(status, 0, errors);
  assert.match(output, /\ndefault {4}late {2}logging /);
  assert.match(errors, /\n {2}list pods:\n {4}the Pods of other namespaces than default\n/);
});

Deno.test("status --missed -n lists the Pods of that namespace alone", async () => {
  const pods = ["shop", "other"].map((namespace) => ({
    ...NEW_POD,
    metadata: { ...NEW_POD.metadata, namespace, creationTimestamp: "2026-01-01T00:00:00Z" },
  }));
  for (const isForbidden of [() => false, shopAndSets]) {
    const { client } = clusterOf([SIDECAR_SET, NAMESPACE, ...pods], { isForbidden });
    const { status, output, errors } = await runCli(["status", "--missed", "-n", "shop"], {
      client,
    });
    assert.equal(status, 0, errors);
    assert.deepEqual(output.split("\n").slice(1).map((line) => line.split(" ")[0]), ["shop", ""]);
    assert.doesNotMatch(errors, /list pods/);
  }
});

Deno.test("status --missed does not say that there are none where it may list no Pods", async () => {
  const { client } = clusterOf(OBJECTS, {
    isForbidden: ({ path }) => !path.endsWith("/sidecarsets"),
  });
  const { status, output, errors } = await runCli(["status", "--missed"], { client });
  assert.deepEqual({ status, output }, { status: 2, output: "" });
  assert.match(
    errors,
    /^Cannot list Pods without sidecars\. Unknown, because this user may not:\n/,
  );
  assert.match(errors, /\n {2}list pods in namespace default:\n/);
});

for (const command of ["history logging", "history logging -o json", "undo logging"]) {
  Deno.test(`rollout ${command} names the right to read revisions instead of having none`, async () => {
    const { client } = clusterOf(OBJECTS, {
      isForbidden: ({ path }) => path.endsWith("/controllerrevisions"),
    });
    const { status, output, errors } = await runCli(["rollout", ...command.split(" ")], { client });
    assert.deepEqual({ status, output }, { status: 2, output: "" });
    assert.match(errors, /^Cannot GET .*\/controllerrevisions: .* 403: forbidden\. Ask for/);
  });
}

Deno.test("status -n counts the Pods of that namespace, and proposes a restart there alone", async () => {
  const pods = ["shop", "other", "third"].map((namespace) => ({
    ...NEW_POD,
    metadata: { ...NEW_POD.metadata, namespace, creationTimestamp: "2026-01-01T00:00:00Z" },
  }));
  const sidecarSet = { ...SIDECAR_SET, status: { ...SIDECAR_SET.status, uninjectedPods: 3 } };
  const { client } = clusterOf([sidecarSet, NAMESPACE, ...pods], { isForbidden: shopAndSets });
  const { output } = await runCli(["status", "-n", "shop"], { client });
  assert.match(output, /\n {2}1 selected Pod in namespace shop without the sidecars:\n/);
  assert.match(output, /\n {4}sidecarset rollout restart-injection logging -n shop\n$/);
  const elsewhere = await runCli(["status", "-n", "empty"], {
    client: clusterOf([sidecarSet, NAMESPACE, ...pods]).client,
  });
  assert.doesNotMatch(elsewhere.output, /without the sidecars|restart-injection/);
});

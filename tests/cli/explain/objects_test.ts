import assert from "node:assert/strict";
import type { KubeObject } from "../../../lib/api/objects.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { podOf, type PodOptions, sidecarSetOf } from "../../support/objects.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const EARLIER = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T06:00:00Z";

function stored({ sidecarSet }: PreparedSidecarSet): KubeObject {
  return { ...sidecarSet, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" };
}

const first = sidecarSetOf();
const current = sidecarSetOf({
  generation: 2,
  spec: { containers: [{ name: "agent", image: "agent:2" }], updateStrategy: { paused: true } },
  status: {
    observedGeneration: 2,
    effectiveSince: "2026-01-01T03:00:00Z",
    conditions: [{
      type: "Progressing",
      status: "Unknown",
      reason: "Paused",
      message: "paused",
      lastTransitionTime: LATER,
    }],
  },
});
const restructured = sidecarSetOf({
  name: "other",
  spec: { selector: { matchLabels: { app: "db" } } },
});

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default", uid: "uid-of-web" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    },
  },
};

const replicaSet = {
  ...deployment,
  kind: "ReplicaSet",
  metadata: {
    name: "web-1",
    namespace: "default",
    uid: "uid-of-web-1",
    ownerReferences: [{ ...ownerOf("Deployment", "web") }],
  },
};

function ownerOf(kind: string, name: string) {
  return { apiVersion: "apps/v1", kind, name, uid: `uid-of-${name}`, controller: true };
}

/** A Pod of the Deployment. */
function ofDeployment(options: PodOptions) {
  const pod = podOf(options);
  const ownerReferences = [ownerOf("ReplicaSet", "web-1")];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

const { client } = clusterOf([
  stored(current),
  stored(restructured),
  deployment,
  replicaSet,
  ofDeployment({ name: "outdated", injected: [first] }),
  ofDeployment({ name: "current", injected: [current], creationTimestamp: LATER }),
  ofDeployment({ name: "old", creationTimestamp: EARLIER }),
  ofDeployment({ name: "missed", creationTimestamp: LATER }),
  podOf({ name: "bare", creationTimestamp: LATER }),
  podOf({ name: "elsewhere", namespace: "shop", labels: { tier: "front" } }),
]);

const named = "failed quota: q: must specify requests.cpu for: agent";
const lacking = {
  ...deployment,
  metadata: { name: "lacking", namespace: "default" },
  status: {
    conditions: [{
      type: "ReplicaFailure",
      status: "True",
      message: `pods "lacking-x" is forbidden: ${named}`,
    }],
  },
};
const statefulSet = {
  ...deployment,
  kind: "StatefulSet",
  metadata: { name: "sts", namespace: "lacking", uid: "uid-of-sts" },
};
const event = (text: string, lastTimestamp: string) => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { name: text, namespace: "lacking" },
  reason: "FailedCreate",
  regarding: { apiVersion: "apps/v1", kind: "StatefulSet", name: "sts", uid: "uid-of-sts" },
  note: `create Pod sts-0 in StatefulSet sts failed error: pods "sts-0" is forbidden: ${text}`,
  eventTime: null,
  deprecatedLastTimestamp: lastTimestamp,
});

async function explained(...names: string[]): Promise<string> {
  const { status, output, errors } = await runCli(["explain", ...names], { client });
  assert.equal(errors, "");
  assert.equal(status, 0);
  return output;
}

Deno.test("explain says at which revision an injected Pod is and what it waits for", async () => {
  assert.equal(
    await explained("pod/outdated"),
    `pod/outdated in namespace default

  1 of 2 SidecarSets injected.

  other  not injected (NotSelected)
    spec.selector requires "app=db": the Pod has app=web

  web  injected, outdated
    only images differ: upgradable in place
    next: waiting (Paused): spec.updateStrategy.paused is true

  ORDER  CONTAINER  IMAGE    FROM
  1      agent      agent:1  SidecarSet web
  2      main       main:1   the Pod
`,
  );
});

Deno.test("explain says of an injected Pod that it is up to date", async () => {
  assert.match(await explained("po/current"), /web {2}injected, up to date\n/);
});

Deno.test("explain says of a stored Pod that runs to completion what it waits for", async () => {
  const pod = podOf({ name: "report", injected: [current], state: "Running" });
  const spec = { ...pod.spec, restartPolicy: "Never" };
  const { client } = clusterOf([stored(current), { ...pod, spec }]);
  const { output } = await runCli(["explain", "pod/report"], { client });
  assert.match(
    output,
    /up to date\n[^]* {4}set completionPolicy: TerminateWithMain, or the Pod ends only after\s+"agent"\n/,
  );
});

Deno.test("explain distinguishes a missed Pod from one that is older than the selection", async () => {
  const output = await explained("pod/missed", "pods/old");
  assert.match(
    output,
    / {2}0 of 2 SidecarSets injected\. Missed: 1\.\n/,
  );
  assert.match(output, / {2}web {2}missed \(NotReviewed\)\n/);
  assert.match(output, / {2}web {2}selected, but not injected\n/);
  assert.match(
    output,
    /next: nothing until the Pod is recreated:\n {6}kubectl rollout restart deployment\/web -n default\n/,
  );
});

Deno.test("explain says of a workload what its template gets and how its Pods stand", async () => {
  const output = await explained("deploy/web");
  assert.match(output, /^deployment\/web in namespace default\n/);
  assert.match(output, / {2}web {2}injected\n/);
  assert.equal(
    output.slice(output.indexOf("  PODS OF")),
    `  PODS OF  INJECTED  UPDATED  READY  NOT-UPGRADABLE  MISSED
  web      2 of 4    1        2      0               1

  Pods without web:
    1 missed (NotReviewed: no ready webhook reviewed the Pod when it was
    created, and no policy injected it)
      default/missed
    1 not injected (the Pod was created before the current selection became
    effective at 2026-01-01T03:00:00Z)
      default/old
  Inject them:
    sidecarset rollout restart-injection web -n default
`,
  );
});

Deno.test("explain says why the API server refuses a workload's Pods, and because of which SidecarSets", async () => {
  const unrelated = 'serviceaccount "robot" not found';
  const { client } = clusterOf([
    stored(current),
    lacking,
    statefulSet,
    event(unrelated, LATER),
    event(named, EARLIER),
  ]);
  const deploy = await runCli(["explain", "deploy/lacking"], { client });
  assert.equal(deploy.status, 1);
  assert.match(
    deploy.output,
    /The API server refuses its Pods because of SidecarSet web \(PodRefused\):\n {4}failed quota: q: must/,
  );
  const sts = await runCli(["explain", "sts/sts", "-n", "lacking", "-o", "json"], { client });
  assert.deepEqual(JSON.parse(sts.output).pods[0].refusal, { message: unrelated, sidecarSets: [] });
});

Deno.test("explain judges a Pod of the cluster by a SidecarSet of a file", async () => {
  const sidecarset = JSON.stringify({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "web" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "agent:2", command: ["run"] }],
    },
  });
  const args = ["explain", "pod/current", "-f", "new.json"];
  const { output } = await runCli(args, { client, files: { "new.json": sidecarset } });
  assert.match(output, /web {2}injected, outdated/);
});

function titlesOf(output: string): string[] {
  return output.split("\n").filter((line) => / in namespace /.test(line));
}

Deno.test("explain takes objects as kubectl names them", async () => {
  const current = "pod/current in namespace default";
  const deployment = "deployment/web in namespace default";
  const elsewhere = "pod/elsewhere in namespace shop";
  for (
    const [command, titles] of [
      ["po current", [current]],
      ["pods/current deploy/web", [current, deployment]],
      ["deployments", [deployment]],
      ["pods -n shop", [elsewhere]],
      ["pods -A -l tier=front", [elsewhere]],
    ] as const
  ) assert.deepEqual(titlesOf(await explained(...command.split(" "))), titles, command);
  assert.equal(titlesOf(await explained("pods")).length, 5);
  assert.equal(titlesOf(await explained("pods", "-A")).length, 6);
});

Deno.test("explain refuses what makes no Pods and what is not there", async () => {
  for (
    const [command, message] of [
      ["service/web", /Cannot explain service\/web: it must be a Pod or a workload/],
      ["web", /Cannot explain web: /],
      ["service web", /Cannot explain service\/web: /],
      ["pod/a/b", /Cannot explain pod\/a\/b: /],
      ["pod/none", /Cannot find pod\/none in namespace default: select another namespace with -n/],
      [
        "pod/current -A",
        /Cannot find pod\/current in all namespaces: select its namespace with -n/,
      ],
      ["pod/current -l a=b", /Cannot combine names with -l: give only a kind/],
      [
        "jobs",
        /Cannot find any jobs in namespace default: select another namespace with -n, or all with -A/,
      ],
      ["jobs -A", /Cannot find any jobs in the cluster: /],
    ] as const
  ) {
    const { status, errors } = await runCli(["explain", ...command.split(" ")], { client });
    assert.equal(status, 2);
    assert.match(errors, message);
  }
});

Deno.test("explain asks no cluster about words that name no object", async () => {
  const files = { "s.yaml": JSON.stringify(stored(current)) };
  const { status, errors } = await runCli(["explain", "-f", "s.yaml", "t.yaml"], { files });
  assert.equal(status, 2);
  assert.match(errors, /^Cannot explain t\.yaml: it must be a Pod or .*, or a file after -f\n$/);
});

Deno.test("explain takes an object behind a file", async () => {
  const files = { "s.yaml": JSON.stringify(stored(current)) };
  const { output } = await runCli(["explain", "-f", "s.yaml", "pod/current"], { client, files });
  assert.deepEqual(titlesOf(output), ["pod/current in namespace default"]);
});

Deno.test("inject --from-cluster uses the SidecarSets of the cluster", async () => {
  const args = ["inject", "--from-cluster", "-f", "web.json", "-o", "json"];
  const files = { "web.json": JSON.stringify(deployment) };
  const { status, output } = await runCli(args, { client, files });
  assert.equal(status, 0);
  const { spec } = JSON.parse(output);
  const names = spec.template.spec.containers.map(({ image }: { image: string }) => image);
  assert.deepEqual(names, ["agent:2", "main:1"]);
});

Deno.test("explain takes the excluded namespaces from the registration, or from its option", async () => {
  const sidecarSet = sidecarSetOf();
  const { mutating } = planRegistration({
    name: "sidecarset",
    sidecarSets: [sidecarSet],
    excludedNamespaces: ["kube-system", "extra", "sidecarset-system"],
    endpoint: { url: "" },
    caBundle: "",
  });
  const names = ["kube-system", "kube-public", "extra", "sidecarset-system"];
  const objects = [
    { ...sidecarSet.sidecarSet, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" },
    mutating,
    ...names.flatMap((name) => [
      { apiVersion: "v1", kind: "Namespace", metadata: { name } },
      podOf({ name: "web", namespace: name }),
    ]),
  ];
  const excluded = async (stored: object[], ...args: string[]) => {
    const { client } = clusterOf(stored);
    const ran = await runCli(["explain", "pods", "-A", "-o", "json", ...args], { client });
    const { pods } = JSON.parse(ran.output);
    return pods.filter((each: { sidecarSets: { reason?: string }[] }) =>
      each.sidecarSets.some(({ reason }) => reason === "NamespaceExcluded")
    ).map(({ namespace }: { namespace: string }) => namespace).sort();
  };
  assert.deepEqual(await excluded(objects), ["extra", "kube-system", "sidecarset-system"]);
  assert.deepEqual(await excluded(objects.filter((each) => each !== mutating)), [
    "kube-public",
    "kube-system",
    "sidecarset-system",
  ]);
  assert.deepEqual(await excluded(objects, "--exclude-namespaces", "kube-public"), [
    "extra",
    "kube-public",
    "kube-system",
    "sidecarset-system",
  ]);
});

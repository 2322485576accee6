import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { podOf, type PodOptions, sidecarSetOf } from "../../support/objects.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const before = sidecarSetOf();
const now = sidecarSetOf({
  spec: { containers: [{ name: "agent", image: "agent:1", args: ["new"] }] },
});

function namespaceOf(name: string) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

function workloadOf(kind: string, name: string, namespace = "default") {
  return { apiVersion: "apps/v1", kind, metadata: { name, namespace } };
}

function replicaSetOf(name: string, namespace = "default") {
  const ownerReferences = [{ kind: "Deployment", name, uid: "d", controller: true }];
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: `${name}-1`, namespace, ownerReferences },
  };
}

function ownedPod(owner: { kind: string; name: string }, options: PodOptions): Pod {
  const pod = podOf(options);
  const ownerReferences = [{ apiVersion: "apps/v1", uid: "o", controller: true, ...owner }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

const web = { kind: "ReplicaSet", name: "web-1" };
const objects = [
  namespaceOf("default"),
  namespaceOf("shop"),
  namespaceOf("kube-system"),
  workloadOf("Deployment", "web"),
  workloadOf("Deployment", "till", "shop"),
  workloadOf("StatefulSet", "db"),
  replicaSetOf("web"),
  replicaSetOf("till", "shop"),
  ownedPod(web, { name: "web-a", injected: [before] }),
  ownedPod(web, { name: "web-b" }),
  ownedPod(web, { name: "web-c", injected: [now] }),
  ownedPod({ kind: "StatefulSet", name: "db" }, {
    name: "db-0",
    labels: { app: "web", tier: "db" },
  }),
  ownedPod({ kind: "ReplicaSet", name: "till-1" }, { name: "till-a", namespace: "shop" }),
  podOf({ name: "alone" }),
  podOf({ name: "dns", namespace: "kube-system" }),
];

function restart(sidecarSet: PreparedSidecarSet, ...args: string[]) {
  return restartAs(() => true, sidecarSet, ...args);
}

/** The command by a user who may make only these requests. */
async function restartAs(
  isAllowed: (path: string) => boolean,
  sidecarSet: PreparedSidecarSet,
  ...args: string[]
) {
  const stored = {
    ...sidecarSet.sidecarSet,
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
  };
  const cluster = clusterOf([stored, ...objects], { isForbidden: ({ path }) => !isAllowed(path) });
  const command = ["rollout", "restart-injection", "web", ...args];
  const ran = await runCli(command, { client: cluster.client });
  const paths = cluster.writes().map((line) => line.split(" ", 2).join(" ").split("?")[0]);
  return { ...ran, paths };
}

const WEB = "PATCH /apis/apps/v1/namespaces/default/deployments/web";
const DB = "PATCH /apis/apps/v1/namespaces/default/statefulsets/db";
const TILL = "PATCH /apis/apps/v1/namespaces/shop/deployments/till";

Deno.test("rollout restart-injection restarts each workload once that has a Pod which lacks the sidecars", async () => {
  const { status, output, errors, paths } = await restart(now);
  assert.equal(status, 0);
  assert.deepEqual(paths.toSorted(), [WEB, DB, TILL].toSorted());
  assert.equal(
    output,
    "deployment.apps/web restarted\nstatefulset.apps/db restarted\ndeployment.apps/till restarted\n",
  );
  assert.equal(
    errors,
    "1 Pod not restarted (NamespaceExcluded: the namespace is excluded from\n" +
      "injection): kube-system/dns\n" +
      "1 Pod that kubectl rollout restart cannot recreate: default/alone\n" +
      "  kubectl delete pod alone -n default\n",
  );
});

Deno.test("rollout restart-injection keeps to a namespace or to labels", async () => {
  for (const [option, value, path] of [["-n", "shop", TILL], ["-l", "tier=db", DB]] as const) {
    const { status, paths } = await restart(now, option, value);
    assert.equal(status, 0);
    assert.deepEqual(paths, [path]);
  }
});

Deno.test("rollout restart-injection sends nothing with --dry-run", async () => {
  const { status, output, paths } = await restart(now, "-n", "shop", "--dry-run");
  assert.equal(status, 0);
  assert.equal(output, "deployment.apps/till restarted (dry run)\n");
  assert.deepEqual(paths, []);
});

Deno.test("rollout restart-injection restarts nothing in vain", async () => {
  const paused = sidecarSetOf({ spec: { injectionStrategy: { paused: true } } });
  const { status, errors, paths } = await restart(paused, "-n", "shop");
  assert.equal(status, 1);
  assert.deepEqual(paths, []);
  assert.equal(
    errors,
    "1 Pod not restarted (InjectionPaused: spec.injectionStrategy.paused is true: set\n" +
      "it to false for new Pods to be injected): shop/till-a\n" +
      "Resume injection first:\n  sidecarset rollout resume web --injection\n",
  );
});

Deno.test("rollout restart-injection -n needs rights in that namespace and to list SidecarSets alone", async () => {
  const inShop = (path: string) =>
    /\/namespaces\/shop(\/|$)/.test(path) || path.endsWith("/sidecarsets");
  const { status, errors, paths } = await restartAs(inShop, now, "-n", "shop");
  assert.equal(status, 0, errors);
  assert.deepEqual(paths, [TILL]);
});

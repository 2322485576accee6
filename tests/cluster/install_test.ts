import assert from "node:assert/strict";
import { installationObjects } from "../../lib/cli/manifests/installation.ts";
import { get, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { installationFiles } from "../../manifests/generate/release/installations.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install, untilEstablished } from "../support/installation.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

const manifests = new URL("../../manifests", import.meta.url).pathname;
const NAMESPACE = "sidecarset-system";
const agent = {
  selector: { matchLabels: { app: "web" } },
  containers: [{ name: "agent", image: "agent:1" }],
};
const main = { labels: { app: "web" }, spec: { containers: [{ name: "main", image: "main:1" }] } };

/** What is applied together, and the orders in which a user may remove it. */
const PARTS = {
  namespace: ["namespace", NAMESPACE],
  crd: ["crd", "sidecarsets.apps.kruise.io"],
  rights: ["clusterrole/sidecarset", "clusterrolebinding/sidecarset"],
} as const;
type Part = keyof typeof PARTS;
const ORDERS: readonly (readonly Part[])[] = [
  ["namespace", "crd", "rights"],
  ["namespace", "rights", "crd"],
  ["crd", "namespace", "rights"],
  ["crd", "rights", "namespace"],
  ["rights", "namespace", "crd"],
  ["rights", "crd", "namespace"],
];

/** Kinds that cert-manager and the Prometheus operator bring. */
const FOREIGN_KINDS = [
  ["cert-manager.io", "Issuer"],
  ["cert-manager.io", "Certificate"],
  ["monitoring.coreos.com", "PodMonitor"],
  ["monitoring.coreos.com", "PrometheusRule"],
] as const;

/** A kind that takes any object. */
function definitionOf(group: string, kind: string) {
  const plural = `${kind.toLowerCase()}s`;
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

function applyAll(plane: ControlPlane, items: readonly object[]): Promise<string> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  return kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

async function registrations(plane: ControlPlane): Promise<string[]> {
  const answers = await Promise.all([
    send(plane.client, list(resources.mutatingWebhookConfigurations)),
    send(plane.client, list(resources.validatingWebhookConfigurations)),
  ]);
  return answers.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? ""));
}

Deno.test("the installation on a real control plane", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });

  await t.step(
    "is applied by one command, and its Pods are admitted as restricted ones",
    async () => {
      await kubectlOutput(["apply", "-k", manifests], plane);
      const namespace = await send(plane.client, get(resources.namespaces, { name: NAMESPACE }));
      assert.equal(namespace.metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
      const pods = await eventually(async () => {
        const { items } = await send(plane.client, list(resources.pods, { namespace: NAMESPACE }));
        return items.length === 2 && items;
      }, { what: "the Deployment has its two Pods" });
      for (const { spec } of pods) assert.equal(spec.serviceAccountName, "sidecarset");
      const privileged = await kubectl(
        ["run", "root", "--image=root:1", "-n", NAMESPACE],
        plane,
      );
      assert.match(privileged.stderr, /violates PodSecurity "restricted/);
    },
  );

  await t.step(
    "changes nothing when it is applied again, and may be applied by the server",
    async () => {
      const again = await kubectlOutput(["apply", "-k", manifests], plane);
      const changed = again.split("\n").filter((line) => line.endsWith("configured"));
      // kubectl always sends what has to be absent, and what a merge would not replace.
      assert.deepEqual(changed, [
        "customresourcedefinition.apiextensions.k8s.io/sidecarsets.apps.kruise.io configured",
        "poddisruptionbudget.policy/sidecarset configured",
      ]);
      await kubectlOutput(["apply", "--server-side", "-k", manifests], plane);
    },
  );

  for (const count of [1, 5, 2]) {
    await t.step(`lets one of ${count} replicas be evicted`, async () => {
      const sidecarset = ["sidecarset", "-n", NAMESPACE];
      await kubectlOutput(["scale", "deployment", ...sidecarset, `--replicas=${count}`], plane);
      await eventually(async () => {
        const path = "jsonpath={.status.expectedPods} {.status.disruptionsAllowed}";
        const budget = ["poddisruptionbudget", ...sidecarset];
        return await kubectlOutput(["get", ...budget, "-o", path], plane) === `${count} 1`;
      }, { what: "the PodDisruptionBudget allows one disruption" });
    });
  }

  await t.step("is what the program itself prints", async () => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: installationObjects() });
    const options = { kubeconfig: plane.kubeconfig, input };
    const applied = await kubectlOutput(["diff", "--server-side=false", "-f", "-"], options);
    assert.equal(applied, "");
  });

  await t.step("is accepted with everything that can be added", async () => {
    const definitions = FOREIGN_KINDS.map(([group, kind]) => definitionOf(group, kind));
    const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kruise-system" } };
    await applyAll(plane, [system, ...definitions]);
    await untilEstablished(plane, definitions.map(({ metadata }) => metadata.name));
    await applyAll(
      plane,
      installationObjects({ certManager: true, openkruise: true, prometheusOperator: true }),
    );
    const kinds = FOREIGN_KINDS.map(([, kind]) => kind).join(",");
    const found = await kubectlOutput(["get", kinds, "-n", NAMESPACE, "-o", "name"], plane);
    assert.equal(found.trim().split("\n").length, 6);
  });

  await t.step("is accepted from every file of a release", async () => {
    const files = installationFiles("example.com/sidecarset:1.2.3");
    const folder = await Deno.makeTempDir({ prefix: "sidecarset-release-" });
    try {
      for (const [name, text] of files) await Deno.writeTextFile(`${folder}/${name}`, text);
      const output = await kubectlOutput(["apply", "--dry-run=server", "-f", folder], plane);
      const deployments = output.match(/^deployment\.apps\/sidecarset configured .*$/gm) ?? [];
      assert.equal(deployments.length, files.size);
      assert.ok(files.size >= 6);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  for (const order of ORDERS) {
    await t.step(`is removed as ${order.join(", ")} and leaves nothing behind`, async () => {
      await install(plane);
      await using replicas = new Replicas(plane);
      const replica = await replicas.start();
      const name = `web-${order.join("-")}`;
      await kubectl(["delete", "sidecarset", "agent", "--ignore-not-found"], plane);
      await createSidecarSet(plane, "agent", {
        ...agent,
        failurePolicy: "Fail",
        cleanupPolicy: { type: "Idle", idleImage: "idle:1" },
      });
      for (const part of order) {
        if (part === "namespace") await replica.stop("SIGKILL");
        const removal = ["delete", ...PARTS[part], "--timeout=60s", "--ignore-not-found"];
        await kubectlOutput(removal, plane);
      }
      await eventually(async () => (await registrations(plane)).length === 0, {
        what: "no webhook registration is left",
      });
      const pod = await new ClusterPods(plane.client).create(name, main);
      assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["main"]);
    });
  }
});

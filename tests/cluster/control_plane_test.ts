import assert from "node:assert/strict";
import { stringify } from "yaml";
import * as z from "zod/mini";
import { isObject } from "../../lib/api/json.ts";
import { create, get, patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { countRequests } from "../support/audit.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { CONTROLLER_USER } from "../support/control_plane_files.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { startOtherProcess } from "../support/other_process.ts";

const namespace = "default";
const startedElsewhere = z.object({ pids: z.array(z.number()), folder: z.string() });

Deno.test("the test control plane with kube-controller-manager", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true, audit: true });
  const pods = new ClusterPods(plane.client);

  await t.step("makes a Deployment's three Pods ready", async () => {
    const { status } = await deploymentOf(plane, 3);
    assert.equal(status?.readyReplicas, 3);
    assert.equal((await pods.list("app=web")).filter(isReady).length, 3);
  });

  await t.step("completes a Job whose main container has ended", async () => {
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once" },
      spec: {
        template: {
          metadata: { annotations: { "kubelet.test/exit": "main=0" } },
          spec: {
            restartPolicy: "Never",
            initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always" }],
            containers: [{ name: "main", image: "main:1" }],
          },
        },
      },
    };
    await send(plane.client, create(resources.jobs, { namespace, body: job }));
    await eventually(async () => {
      const { status } = await send(plane.client, get(resources.jobs, { namespace, name: "once" }));
      return status?.succeeded === 1 && isComplete(status.conditions);
    }, { what: "the Job is complete" });
  });

  await t.step("gives kubectl versions, documentation and tables", async () => {
    const { kubeconfig } = plane;
    const version = await kubectlOutput(["version"], { kubeconfig });
    assert.match(version, /Client Version: v1\.37\.2\n(.*\n)*Server Version: v1\.37\.2\n/);
    const explained = await kubectlOutput(["explain", "pod.spec.containers"], { kubeconfig });
    assert.match(explained, /livenessProbe\s+<Probe>/);
    const applied = await kubectlOutput(["apply", "-f", "-"], {
      kubeconfig,
      input: stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "settings" },
        data: { key: "value" },
      }),
    });
    assert.equal(applied, "configmap/settings created\n");
    const refused = await kubectl(["get", "pod", "absent"], { kubeconfig });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /NotFound/);
  });

  await t.step(
    "grants the controller's user what RBAC grants, and counts its requests",
    async () => {
      const kubeconfig = plane.controllerKubeconfig;
      const whoami = await kubectlOutput([
        "auth",
        "whoami",
        "-o",
        "jsonpath={.status.userInfo.username}",
      ], {
        kubeconfig,
      });
      assert.equal(whoami, CONTROLLER_USER);
      const before = await kubectl(["get", "--raw", "/api/v1/pods"], { kubeconfig });
      assert.match(before.stderr, /forbidden/i);
      await kubectlOutput(
        [
          "create",
          "clusterrolebinding",
          "readers",
          "--clusterrole=view",
          "--serviceaccount=sidecarset-system:sidecarset",
        ],
        { kubeconfig: plane.kubeconfig },
      );
      await eventually(async () => {
        const { code } = await kubectl(["get", "--raw", "/api/v1/pods"], { kubeconfig });
        return code === 0;
      }, { what: "the role is active" });
      const requests = (await plane.controllerRequests()).filter(({ resource }) =>
        resource === "pods"
      );
      assert.equal(requests[0]?.code, 403);
      assert.equal(requests.at(-1)?.code, 200);
      assert.deepEqual(countRequests(requests), { "list pods": requests.length });
    },
  );

  await t.step(
    "serves again after a restart of the API server, and binds and runs Pods as before",
    async () => {
      const { pids, url } = plane;
      await plane.restartApiServer();
      assert.equal(plane.url, url);
      assert.notEqual(plane.pids["kube-apiserver"], pids["kube-apiserver"]);
      assert.equal(plane.pids.etcd, pids.etcd);
      await pods.create("later", { spec: { containers: [{ name: "app", image: "app:1" }] } });
      await pods.until("later", { what: "a new Pod is ready", is: isReady });
    },
  );

  await t.step("answers nothing while the API server is halted", async () => {
    plane.pauseApiServer();
    const answer = pods.list().then(() => "answered");
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300))]);
    plane.resumeApiServer();
    assert.equal(early, undefined);
    assert.equal(await answer, "answered");
  });
});

Deno.test("a control plane that was stopped leaves no process and no folder", async () => {
  const plane = await startControlPlane({ kubelet: false });
  const { folder } = plane;
  const pids = Object.values(plane.pids);
  assert.equal(pids.length, 2);
  await plane.stop();
  for (const pid of pids) assert.throws(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
});

Deno.test("the stop of a control plane reports a server that ended by itself", async () => {
  const plane = await startControlPlane({ kubelet: false });
  const pid = plane.pids["kube-apiserver"];
  assert.ok(pid);
  Deno.kill(pid, "SIGKILL");
  await eventually(() => plane.pids["kube-apiserver"] === undefined, {
    what: "the API server has ended",
  });
  await assert.rejects(plane.stop(), /kube-apiserver ended by SIGKILL; its log ends with\n/);
});

Deno.test("a control plane ends with the process that started it, even a killed one", async () => {
  const controlPlane = import.meta.resolve("../support/control_plane.ts");
  const other = await startOtherProcess(`
    import { startControlPlane } from ${JSON.stringify(controlPlane)};
    const { pids, folder } = await startControlPlane({ kubelet: false });
    console.log(JSON.stringify({ pids: Object.values(pids), folder }));
  `);
  const { pids, folder } = z.parse(startedElsewhere, other.said);
  assert.equal(pids.length, 2);
  await other.kill();
  await eventually(() => pids.every((pid) => !isAlive(pid)), { what: "the servers have ended" });
  await eventually(() => Deno.stat(folder).then(() => false, () => true), {
    what: "the folder is deleted",
  });
});

async function deploymentOf(plane: ControlPlane, replicas: number) {
  const labels = { app: "web" };
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "app", image: "app:1" }] },
      },
    },
  };
  const ref = { namespace, name: "web" };
  await send(plane.client, create(resources.deployments, { namespace, body }));
  await send(
    plane.client,
    patch(resources.deployments, { ...ref, type: "merge", body: { spec: { replicas } } }),
  );
  return await eventually(async () => {
    const deployment = await send(plane.client, get(resources.deployments, ref));
    return deployment.status?.readyReplicas === replicas && deployment;
  }, { what: `the Deployment has ${replicas} ready Pods` });
}

function isComplete(conditions: unknown): boolean {
  return Array.isArray(conditions) &&
    conditions.some((each) => isObject(each) && each.type === "Complete" && each.status === "True");
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

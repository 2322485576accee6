import assert from "node:assert/strict";
import type { SidecarContainer } from "../../lib/api/sidecar_container.ts";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { runCli } from "../cli/string_terminal.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { namesOf } from "../support/injection.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { metricsOf } from "../support/metrics.ts";
import { Replicas } from "../support/replicas.ts";
import {
  conditionOf,
  createSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

const requests = { cpu: "100m" };

async function apply(plane: ControlPlane, items: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

/** A namespace in which so much CPU may be requested, so that every container must request some. */
async function createQuota(plane: ControlPlane, name: string, cpu: string): Promise<void> {
  await apply(plane, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "compute", namespace: name },
      spec: { hard: { "requests.cpu": cpu } },
    },
  ]);
  await eventually(async () => {
    const jsonpath = "jsonpath={.status.hard.requests\\.cpu}";
    return await kubectlOutput(["get", "quota", "compute", "-n", name, "-o", jsonpath], plane) !==
      "";
  }, { what: "the quota is active" });
}

interface WorkloadOptions {
  kind: "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job";
  namespace: string;
  sidecar: string;
  /** Name and resources of the workload's own container. */
  container?: string;
  resources?: object;
}

function workload(options: WorkloadOptions): object {
  const { kind, namespace, sidecar, container = "main", resources = { requests } } = options;
  const name = kind.toLowerCase();
  const labels = { app: sidecar, workload: name };
  const restartPolicy = kind === "Job" ? { restartPolicy: "Never" } : {};
  return {
    apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
    kind,
    metadata: { name, namespace },
    spec: {
      ...(kind === "Job" ? {} : { selector: { matchLabels: labels } }),
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      ...(kind === "DaemonSet" || kind === "Job" ? {} : { replicas: 2 }),
      template: {
        metadata: { labels },
        spec: {
          ...restartPolicy,
          containers: [{ name: container, image: "main:1", resources }],
        },
      },
    },
  };
}

function sidecarSetFor(sidecar: string, container: Partial<SidecarContainer> = {}) {
  return {
    selector: { matchLabels: { app: sidecar } },
    containers: [{ name: sidecar, image: `${sidecar}:1`, ...container }],
  };
}

/** Waits until a number of workloads is refused because of a SidecarSet; resolves to the condition's message. */
async function untilRefused(plane: ControlPlane, name: string, workloads: number): Promise<string> {
  const found = await untilSidecarSet(plane, name, {
    what: `has ${workloads} workloads that lack Pods`,
    is: (each) => {
      const condition = conditionOf(each, "PodsMissed");
      return condition?.reason === "PodRefused" && condition.status === "True" &&
        condition.message.startsWith(`${workloads} workload`);
    },
  });
  assert.equal(found.status?.missedPods, 0, "a Pod that does not exist is not counted");
  return conditionOf(found, "PodsMissed")?.message ?? "";
}

Deno.test("Pods that the API server refuses because of a sidecar", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await install(plane);
  await using replicas = new Replicas(plane);
  const first = await replicas.start();
  await createQuota(plane, "quota", "4");
  const forEach = (kind: WorkloadOptions["kind"]) => ({
    kind,
    namespace: "quota",
    sidecar: "agent",
  });
  const refusedWorkloads = async (sidecarSet: string) => {
    const leader = await replicas.leader();
    return leader &&
      (await metricsOf(leader)).get("sidecarset_refused_workloads")
        ?.get(`sidecarset="${sidecarSet}",reason="PodRefused"`);
  };

  await t.step("are found for every kind of workload, with the API server's words", async () => {
    await createSidecarSet(plane, "agent", sidecarSetFor("agent"));
    // Refused for its own container, whatever sidecars it gets.
    await createSidecarSet(plane, "modest", sidecarSetFor("modest", { resources: { requests } }));
    const own = {
      kind: "ReplicaSet",
      namespace: "quota",
      sidecar: "modest",
      resources: {},
    } as const;
    await apply(plane, [
      workload(own),
      ...(["Deployment", "StatefulSet", "DaemonSet", "Job"] as const).map((kind) =>
        workload(forEach(kind))
      ),
    ]);
    assert.match(
      await untilRefused(plane, "agent", 4),
      /^4 workloads lack Pods, .*, for example \w+ quota\/[\w-]+: failed quota: .* requests\.cpu for: agent$/,
    );
    assert.equal(await refusedWorkloads("agent"), 4);
    assert.equal(await refusedWorkloads("modest"), undefined);
    const events = await eventually(async () => {
      const { items } = await send(plane.client, list(resources.events, { namespace: "default" }));
      const found = items.filter(({ reason }) => reason === "PodRefused");
      return found.length > 0 && found;
    }, { what: "there is an event" });
    assert.deepEqual(
      events.map(({ regarding: { kind, name }, type }) => `${type} ${kind} ${name}`),
      ["Warning SidecarSet agent"],
    );
  });

  await t.step("are explained", async () => {
    for (const name of ["deployment/deployment", "sts/statefulset", "ds/daemonset", "job/job"]) {
      const explained = await runCli(["explain", name, "-n", "quota"], plane);
      assert.match(
        explained.output,
        / refuses its Pods because of SidecarSet agent \(PodRefused\):\n {4}failed quota: .* for: agent\n/,
        name,
      );
      assert.equal(explained.status, 1);
    }
    const { output } = await runCli(["explain", "rs/replicaset", "-n", "quota"], plane);
    assert.match(output, /The API server refuses its Pods:\n {4}failed quota: .* for: main\n/);
  });

  await t.step("are found by the doctor", async () => {
    const { output } = await runCli(["doctor"], plane);
    assert.match(
      output.replaceAll(/\n +/g, " "),
      /error +no Pod is refused because of a sidecar agent: 4 workloads lack Pods, .* for: agent Remedy: change /,
    );
  });

  await t.step(
    "are found by another process, and no longer when they have been created",
    async () => {
      await replicas.start();
      await first.stop();
      replicas.forget(first);
      await eventually(async () => await refusedWorkloads("agent") === 4, {
        what: "the next leader knows of them",
      });
      await patchSidecarSet(plane, "agent", sidecarSetFor("agent", { resources: { requests } }));
      await kubectlOutput(["delete", "sts,ds,job", "--all", "-n", "quota"], plane);
      await untilSidecarSet(plane, "agent", {
        what: "is ready at its new generation",
        is: (found) => {
          const ready = conditionOf(found, "Ready");
          return ready?.status === "True" && ready.observedGeneration === found.metadata.generation;
        },
      });
      // Its controller tries it again only after a while, or when it is changed.
      await kubectlOutput(["annotate", "rs", "--all", "-n", "quota", "try=again"], plane);
      const { status } = await untilSidecarSet(plane, "agent", {
        what: "has missed none",
        is: (found) => conditionOf(found, "PodsMissed")?.reason === "NoPodsMissed",
      });
      assert.equal(status?.matchedPods, 2);
      assert.equal(await refusedWorkloads("agent"), undefined);
    },
  );

  await t.step("are found where failurePolicy Fail has refused them", async () => {
    await createSidecarSet(plane, "guard", { ...sidecarSetFor("guard"), failurePolicy: "Fail" });
    const guarded = { kind: "ReplicaSet", namespace: "default", sidecar: "guard" } as const;
    await apply(plane, [workload({ ...guarded, container: "guard" })]);
    assert.match(
      await untilRefused(plane, "guard", 1),
      /ReplicaSet default\/replicaset: admission webhook .* SidecarSet guard, .*\(ContainerNameConflict\)/,
    );
  });

  await t.step("are found where only the sidecar makes them exceed a quota", async () => {
    await createQuota(plane, "small", "700m");
    const resources = { requests: { cpu: "500m" } };
    await createSidecarSet(plane, "big", sidecarSetFor("big", { resources }));
    await apply(plane, [workload({ kind: "ReplicaSet", namespace: "small", sidecar: "big" })]);
    assert.match(
      await untilRefused(plane, "big", 1),
      /^1 workload lacks Pods, .* ReplicaSet small\/replicaset: exceeded quota: .* requests\.cpu=600m,/,
    );
    const [pod, ...others] = await new ClusterPods(plane.client, "small").list();
    assert.deepEqual(others, []);
    assert.ok(pod && isReady(pod));
    assert.deepEqual(namesOf(pod.spec.containers), ["big", "main"]);
  });
});

import assert from "node:assert/strict";
import type { Workload } from "../../lib/api/objects.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { create, get } from "../../lib/kube/requests.ts";
import { type Resource, resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, containerStatus } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { installAndStart } from "../support/installation.ts";
import { eventually } from "../support/eventually.ts";
import { assertWarnings } from "../support/job_warnings.ts";
import { terminatedReason, untilJobEnded } from "../support/jobs.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

const cronJobs: Resource<Workload> = resource({
  apiVersion: "batch/v1",
  kind: "CronJob",
  plural: "cronjobs",
  namespaced: true,
});

/** Ends only when it is killed, and then with 137. */
const agent = {
  name: "agent",
  image: "agent:1",
  completionPolicy: "TerminateWithMain",
} satisfies NonNullable<SidecarSetSpec["containers"]>[number];

interface JobOptions {
  restartPolicy: "Never" | "OnFailure";
  /** What the kubelet lets containers end with: `main=0`. */
  exit: string;
  /** Other orders to the kubelet. */
  annotations?: Record<string, string>;
  spec?: Record<string, unknown>;
}

function jobSpec({ restartPolicy, exit, annotations = {}, spec = {} }: JobOptions) {
  return {
    backoffLimit: 0,
    ...spec,
    template: {
      metadata: {
        labels: { app: "job" },
        annotations: { ...annotations, "kubelet.test/exit": exit },
      },
      spec: { restartPolicy, containers: [{ name: "main", image: "main:1" }] },
    },
  };
}

async function createJob(plane: ControlPlane, name: string, options: JobOptions): Promise<void> {
  const body = { metadata: { name }, spec: jobSpec(options) };
  await send(plane.client, create(resources.jobs, { namespace: "default", body }));
}

Deno.test("Jobs with a sidecar that never stops", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using controller = await installAndStart(plane);
  const pods = new ClusterPods(plane.client);
  const podsOf = (job: string) => pods.list(`batch.kubernetes.io/job-name=${job}`);
  const spec = { selector: { matchLabels: { app: "job" } }, containers: [agent] };
  await createSidecarSet(plane, "job-agent", spec);

  // Its first Job comes at the next full minute, so that it is looked at last.
  const jobTemplate = { spec: jobSpec({ restartPolicy: "OnFailure", exit: "main=0" }) };
  const body = { metadata: { name: "cron" }, spec: { schedule: "* * * * *", jobTemplate } };
  await send(plane.client, create(cronJobs, { namespace: "default", body }));

  for (const restartPolicy of ["Never", "OnFailure"] as const) {
    await t.step(`${restartPolicy}: completes with its main container`, async () => {
      const name = `ok-${restartPolicy.toLowerCase()}`;
      await createJob(plane, name, { restartPolicy, exit: "main=0" });
      assert.equal(await untilJobEnded(plane, name), "Complete");
      const [pod] = await podsOf(name);
      assert.equal(pod?.status?.phase, "Succeeded");
      assert.equal(terminatedReason(pod), "MainContainersSucceeded");
      const killed = await pods.until(pod?.metadata.name ?? "", {
        what: "the sidecar was killed",
        is: (state) => containerStatus(state, "agent")?.state?.terminated?.exitCode === 137,
      });
      assert.equal(killed.status?.phase, "Succeeded", "the phase stays whatever the sidecar does");
    });
  }

  await t.step("Never: fails with its main container", async () => {
    await createJob(plane, "bad-never", { restartPolicy: "Never", exit: "main=3" });
    assert.equal(await untilJobEnded(plane, "bad-never"), "Failed");
    const [pod] = await podsOf("bad-never");
    assert.equal(pod?.status?.phase, "Failed");
    assert.equal(terminatedReason(pod), "MainContainersFailed");
  });

  await t.step(
    "OnFailure: fails with its main container, after the restarts it may have",
    async () => {
      await createJob(plane, "bad-onfailure", {
        restartPolicy: "OnFailure",
        exit: "main=3",
        spec: { backoffLimit: 1 },
      });
      assert.equal(await untilJobEnded(plane, "bad-onfailure"), "Failed");
    },
  );

  await t.step("completes although its sidecar cannot be started", async () => {
    await createJob(plane, "unpulled", {
      restartPolicy: "Never",
      exit: "main=0",
      annotations: { "kubelet.test/pull-failure": "agent" },
    });
    assert.equal(await untilJobEnded(plane, "unpulled"), "Complete");
  });

  await t.step("OnFailure: waits for the restarts of a main container that fails", async () => {
    const options = { exit: "main=3", spec: { backoffLimit: 6 } };
    await createJob(plane, "retried", { restartPolicy: "OnFailure", ...options });
    const restarted = await eventually(async () => {
      const [pod] = await podsOf("retried");
      return pod && containerStatus(pod, "main")?.restartCount === 1 ? pod : undefined;
    }, { what: "the main container was started again" });
    assert.equal(restarted.status?.phase, "Running");
    assert.equal(terminatedReason(restarted), undefined);
    await pods.annotate(restarted.metadata.name ?? "", { "kubelet.test/exit": "main=0" });
    assert.equal(await untilJobEnded(plane, "retried"), "Complete");
  });

  await t.step("a Job with many Pods completes", async () => {
    const indexed = { completionMode: "Indexed", completions: 10, parallelism: 5 };
    await createJob(plane, "indexed", { restartPolicy: "Never", exit: "main=0", spec: indexed });
    assert.equal(await untilJobEnded(plane, "indexed"), "Complete");
    assert.equal((await podsOf("indexed")).length, 10);
  });

  await t.step("kubectl prints a warning for a workload whose sidecar never ends", async () => {
    await assertWarnings(plane, controller);
  });

  await t.step("Pods that no SidecarSet selects follow OpenKruise's variables", async () => {
    const env = [{ name: "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", value: "true" }];
    await pods.create("by-hand", {
      annotations: { "kubelet.test/exit": "main=0" },
      spec: {
        restartPolicy: "Never",
        containers: [{ name: "main", image: "main:1" }, { name: "own", image: "own:1", env }],
      },
    });
    await pods.until("by-hand", {
      what: "the Pod has succeeded",
      is: ({ status }) => status?.phase === "Succeeded",
    });
  });

  await t.step("on a virtual node the sidecar gets the image that ends", async () => {
    const metadata = { name: "virtual", labels: { type: "virtual-kubelet" } };
    await send(plane.client, create(resources.nodes, { body: { metadata } }));
    const name = "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE";
    await pods.create("on-virtual-node", {
      annotations: { "kubelet.test/exit": "main=0" },
      spec: {
        nodeName: "virtual",
        restartPolicy: "Never",
        containers: [
          { name: "main", image: "main:1" },
          { name: "own", image: "own:1", env: [{ name, value: "exit:1" }] },
        ],
      },
    });
    const ended = await pods.until("on-virtual-node", {
      what: "the sidecar has the image that ends",
      is: ({ spec }) => spec.containers.some(({ image }) => image === "exit:1"),
    });
    assert.equal(ended.spec.containers[0]?.image, "main:1");
    assert.equal(terminatedReason(ended), undefined, "its end decides, not the API server");
  });

  await t.step("Pods of nothing but sidecars, and native sidecars, are left alone", async () => {
    const env = [
      { name: "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", value: "true" },
      { name: "KRUISE_TERMINATE_SIDECAR_IGNORE_EXIT_CODE", value: "true" },
    ];
    await pods.create("only-sidecars", {
      annotations: { "kubelet.test/exit": "one=0" },
      spec: {
        restartPolicy: "Never",
        containers: [{ name: "one", image: "one:1", env }, { name: "two", image: "two:1", env }],
      },
    });
    await createSidecarSet(plane, "native", {
      selector: { matchLabels: { app: "native" } },
      initContainers: [{ name: "native", image: "native:1", restartPolicy: "Always" }],
    });
    await pods.create("with-native", {
      labels: { app: "native" },
      annotations: { "kubelet.test/exit": "main=0" },
      spec: { restartPolicy: "Never", containers: [{ name: "main", image: "main:1" }] },
    });
    const native = await pods.until("with-native", {
      what: "the Pod has succeeded",
      is: ({ status }) => status?.phase === "Succeeded",
    });
    const [injected] = native.spec.initContainers ?? [];
    assert.equal(injected?.name, "native");
    assert.ok(injected.env?.every((variable) => !variable.name.startsWith("KRUISE_TERMINATE")));
    assert.equal(terminatedReason(native), undefined, "the kubelet ended it");
    const only = await pods.until("only-sidecars", {
      what: "the first has ended",
      is: (pod) => containerStatus(pod, "one")?.state?.terminated !== undefined,
    });
    assert.equal(only.status?.phase, "Running");
    assert.equal(terminatedReason(only), undefined);
  });

  await t.step("a CronJob's Jobs complete", async () => {
    await eventually(async () => {
      const found = await send(plane.client, get(cronJobs, { name: "cron", namespace: "default" }));
      return found.status?.lastSuccessfulTime !== undefined;
    }, { what: "the CronJob has a Job that completed", interval: 500 });
  });

  await t.step(
    "sidecars end although their SidecarSet is deleted and the controller was stopped",
    async () => {
      await createJob(plane, "orphan", { restartPolicy: "Never", exit: "" });
      const pod = await eventually(async () => {
        const [found] = await podsOf("orphan");
        return found?.status?.phase === "Running" ? found : undefined;
      }, { what: "the Pod runs" });
      await controller.stop("SIGKILL");
      await plane.client.performRequest({
        method: "DELETE",
        path: "/apis/apps.kruise.io/v1beta1/sidecarsets/job-agent",
      });
      await pods.annotate(pod.metadata.name ?? "", { "kubelet.test/exit": "main=0" });
      await controller.start();
      assert.equal(await untilJobEnded(plane, "orphan"), "Complete");
    },
  );
});

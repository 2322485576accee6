import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { containerStatus } from "../support/cluster_pods.ts";
import { eventually } from "../support/eventually.ts";
import { terminatedReason, untilJobEnded } from "../support/jobs.ts";
import { type NodeCluster, startNodeCluster } from "../support/node_cluster.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

/** As the first process of its container it hears no SIGTERM, so it ends only when it is killed, and then with 137. */
const forEver = { image: "agent:1", command: ["sleep", "999d"] };

const SIDECARS: Readonly<Record<string, Partial<SidecarSetSpec>>> = {
  agent: { containers: [{ name: "agent", ...forEver, completionPolicy: "TerminateWithMain" }] },
  native: { initContainers: [{ name: "native", ...forEver, restartPolicy: "Always" }] },
};

interface JobOptions {
  restartPolicy: "Never" | "OnFailure";
  sidecar: "agent" | "native";
  /** Shell commands of the main container; `/state` outlives its restarts. */
  script: string;
  /** @default {0} */
  backoffLimit?: number;
}

/** Creates a Job, waits until it has ended and resolves to how, and to its Pod if that is still there. */
async function runJob({ plane, pods }: NodeCluster, name: string, options: JobOptions) {
  const { restartPolicy, sidecar, script, backoffLimit = 0 } = options;
  const state = { name: "state", emptyDir: {} };
  const main = {
    name: "main",
    image: "main:1",
    command: ["sh", "-c", script],
    volumeMounts: [{ name: "state", mountPath: "/state" }],
  };
  const spec = { containers: [main], volumes: [state], terminationGracePeriodSeconds: 1 };
  const template = { metadata: { labels: { sidecar } }, spec: { restartPolicy, ...spec } };
  const body = { metadata: { name }, spec: { backoffLimit, template } };
  await send(plane.client, create(resources.jobs, { namespace: "default", body }));
  const end = await untilJobEnded(plane, name);
  const [pod] = await pods.list(`batch.kubernetes.io/job-name=${name}`);
  return { end, pod };
}

/**
 * Waits until the kubelet has killed the sidecar, at once and not when it happens to look at all of its Pods;
 * resolves to the Pod.
 */
function untilKilled({ pods }: NodeCluster, pod: Pod | undefined, sidecar = "agent"): Promise<Pod> {
  return pods.until(pod?.metadata.name ?? "", {
    what: "the sidecar was killed",
    is: (state) => containerStatus(state, sidecar)?.state?.terminated?.exitCode === 137,
  });
}

Deno.test("Jobs with a sidecar that never stops, on a real node", async (t) => {
  await using cluster = await startNodeCluster({ images: ["main:1", "agent:1"] });
  for (const [sidecar, spec] of Object.entries(SIDECARS)) {
    const selector = { matchLabels: { sidecar } };
    await createSidecarSet(cluster.plane, sidecar, { selector, ...spec });
  }

  await t.step("Never: completes, and the kubelet tears the sidecar down", async () => {
    const options = { restartPolicy: "Never", sidecar: "agent", script: "exit 0" } as const;
    const { end, pod } = await runJob(cluster, "ok", options);
    assert.equal(end, "Complete");
    assert.equal(terminatedReason(pod), "MainContainersSucceeded");
    const { status } = await untilKilled(cluster, pod);
    assert.equal(status?.phase, "Succeeded", "the phase stays whatever the sidecar does");
  });

  await t.step("Never: fails with its main container", async () => {
    const options = { restartPolicy: "Never", sidecar: "agent", script: "exit 3" } as const;
    const { end, pod } = await runJob(cluster, "bad", options);
    assert.equal(end, "Failed");
    assert.equal(terminatedReason(pod), "MainContainersFailed");
    const { status } = await untilKilled(cluster, pod);
    assert.equal(status?.phase, "Failed");
  });

  await t.step(
    "OnFailure: completes when a main container succeeds that failed at first",
    async () => {
      const script = "[ -f /state/failed ] && exit 0; touch /state/failed; exit 3";
      const options = { restartPolicy: "OnFailure", sidecar: "agent", script } as const;
      const { end, pod } = await runJob(cluster, "retried", { ...options, backoffLimit: 6 });
      assert.equal(end, "Complete");
      assert.equal(terminatedReason(pod), "MainContainersSucceeded");
      const killed = await untilKilled(cluster, pod);
      assert.equal(killed.status?.phase, "Succeeded");
      assert.equal(containerStatus(killed, "main")?.restartCount, 1);
      assert.equal(containerStatus(killed, "agent")?.restartCount, 0);
    },
  );

  await t.step("OnFailure: fails when a main container fails too often", async () => {
    const options = { restartPolicy: "OnFailure", sidecar: "agent", script: "exit 3" } as const;
    const { end } = await runJob(cluster, "hopeless", options);
    assert.equal(end, "Failed");
    await eventually(
      async () => (await cluster.pods.list("batch.kubernetes.io/job-name=hopeless")).length === 0,
      { what: "the Job's Pod and its sidecar are deleted" },
    );
  });

  await t.step("a native sidecar is ended by the kubelet alone", async () => {
    const options = { restartPolicy: "Never", sidecar: "native", script: "exit 0" } as const;
    const { end, pod } = await runJob(cluster, "native", options);
    assert.equal(end, "Complete");
    assert.equal(pod?.status?.phase, "Succeeded");
    assert.equal(terminatedReason(pod), undefined);
    await untilKilled(cluster, pod, "native");
  });
});

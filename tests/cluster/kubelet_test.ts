import assert from "node:assert/strict";
import { ClusterPods, containerStatus, isReady } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";

Deno.test("the kubelet of the test control plane", async (t) => {
  await using plane = await startControlPlane();
  const pods = new ClusterPods(plane.client);
  const ready = (name: string) => pods.until(name, { what: `Pod ${name} is ready`, is: isReady });

  await t.step("runs a Pod, ordinary init containers first and native sidecars along", async () => {
    await pods.create("web", {
      spec: {
        initContainers: [
          { name: "setup", image: "setup:1" },
          { name: "proxy", image: "proxy:1", restartPolicy: "Always" },
        ],
        containers: [{ name: "app", image: "app:1" }, { name: "agent", image: "agent:1" }],
      },
    });
    const pod = await ready("web");
    assert.equal(pod.status?.phase, "Running");
    assert.equal(containerStatus(pod, "setup")?.state?.terminated?.exitCode, 0);
    for (const name of ["proxy", "app", "agent"]) {
      assert.equal(containerStatus(pod, name)?.ready, true);
      assert.equal(containerStatus(pod, name)?.restartCount, 0);
    }
  });

  await t.step("restarts exactly the containers whose images change", async () => {
    const before = await pods.get("web");
    await pods.annotate("web", { "kubelet.test/ready-delay": "700ms" });
    await pods.patch("web", {
      spec: {
        initContainers: [{ name: "proxy", image: "proxy:2" }],
        containers: [{ name: "agent", image: "agent:2" }],
      },
    });
    const restarting = await pods.until("web", {
      what: "the agent has been restarted",
      is: (pod) => containerStatus(pod, "agent")?.image === "agent:2",
    });
    assert.equal(isReady(restarting), false);
    assert.equal(containerStatus(restarting, "agent")?.ready, false);
    const after = await ready("web");
    for (const name of ["agent", "proxy"]) {
      assert.equal(containerStatus(after, name)?.restartCount, 1);
      assert.notEqual(
        containerStatus(after, name)?.imageID,
        containerStatus(before, name)?.imageID,
      );
    }
    assert.deepEqual(containerStatus(after, "app"), containerStatus(before, "app"));
    assert.deepEqual(containerStatus(after, "setup"), containerStatus(before, "setup"));
  });

  await t.step("waits where an image cannot be pulled, and goes on with the next one", async () => {
    await pods.patch("web", { spec: { containers: [{ name: "agent", image: "agent:bad" }] } });
    const waiting = await pods.until("web", {
      what: "the agent waits for its image",
      is: (pod) => containerStatus(pod, "agent")?.state?.waiting?.reason === "ImagePullBackOff",
    });
    assert.equal(isReady(waiting), false);
    assert.equal(containerStatus(waiting, "agent")?.image, "agent:2");
    assert.equal(waiting.status?.phase, "Running");
    await pods.patch("web", { spec: { containers: [{ name: "agent", image: "agent:3" }] } });
    const pod = await ready("web");
    assert.equal(containerStatus(pod, "agent")?.restartCount, 2);
  });

  await t.step("keeps a Pod pending whose image cannot be pulled at first", async () => {
    await pods.create("pending", {
      annotations: { "kubelet.test/pull-failure": "app" },
      spec: { containers: [{ name: "app", image: "app:1" }] },
    });
    const pending = await pods.until("pending", {
      what: "the container waits for its image",
      is: (pod) => containerStatus(pod, "app")?.state?.waiting?.reason === "ImagePullBackOff",
    });
    assert.equal(pending.status?.phase, "Pending");
    await pods.annotate("pending", { "kubelet.test/pull-failure": null });
    const pod = await ready("pending");
    assert.equal(containerStatus(pod, "app")?.restartCount, 0);
  });

  await t.step("makes containers unready on demand", async () => {
    await pods.annotate("web", { "kubelet.test/not-ready": "agent" });
    const unready = await pods.until("web", {
      what: "the Pod is unready",
      is: (pod) => !isReady(pod),
    });
    assert.equal(containerStatus(unready, "agent")?.ready, false);
    assert.equal(containerStatus(unready, "app")?.ready, true);
    assert.equal(unready.status?.phase, "Running");
    await pods.annotate("web", { "kubelet.test/not-ready": null });
    await ready("web");
  });

  await t.step("restarts a container that fails, and ends the Pod when it succeeds", async () => {
    await pods.create("job", {
      annotations: { "kubelet.test/exit": "main=3" },
      spec: {
        restartPolicy: "OnFailure",
        initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always" }],
        containers: [{ name: "main", image: "main:1" }],
      },
    });
    const failed = await pods.until("job", {
      what: "the failed container runs again",
      is: (pod) => containerStatus(pod, "main")?.restartCount === 1 && isReady(pod),
    });
    assert.equal(failed.status?.phase, "Running");
    await pods.annotate("job", { "kubelet.test/exit": "main=0" });
    const done = await pods.until("job", {
      what: "the Pod has succeeded",
      is: (pod) => pod.status?.phase === "Succeeded",
    });
    assert.equal(containerStatus(done, "proxy")?.state?.terminated?.exitCode, 0);
  });

  await t.step("leaves an ordinary sidecar running until the API ends the Pod", async () => {
    await pods.create("task", {
      annotations: { "kubelet.test/exit": "main=2" },
      spec: {
        restartPolicy: "Never",
        containers: [{ name: "main", image: "main:1" }, { name: "agent", image: "agent:1" }],
      },
    });
    const ended = await pods.until("task", {
      what: "the main container has ended",
      is: (pod) => containerStatus(pod, "main")?.state?.terminated?.exitCode === 2,
    });
    assert.ok(containerStatus(ended, "agent")?.state?.running);
    assert.equal(ended.status?.phase, "Running");
    await pods.patch("task", { status: { phase: "Failed" } }, "status");
    const tornDown = await pods.until("task", {
      what: "the sidecar has been killed",
      is: (pod) => containerStatus(pod, "agent")?.state?.terminated?.exitCode === 137,
    });
    assert.equal(tornDown.status?.phase, "Failed");
  });

  await t.step("deletes a Pod, later on demand", async () => {
    await pods.annotate("web", { "kubelet.test/delete-delay": "1s" });
    const started = performance.now();
    await pods.remove("web");
    assert.ok((await pods.get("web")).metadata.deletionTimestamp);
    await eventually(async () => !(await pods.list()).some((pod) => pod.metadata.name === "web"), {
      what: "the Pod is deleted",
    });
    assert.ok(performance.now() - started >= 1_000);
  });

  await t.step("leaves gated Pods and those of other schedulers alone", async () => {
    const containers = [{ name: "app", image: "app:1" }];
    await pods.create("gated", { spec: { schedulingGates: [{ name: "test/gate" }], containers } });
    await pods.create("other", { spec: { schedulerName: "other", containers } });
    await pods.create("last", { spec: { containers } });
    await ready("last");
    assert.equal((await pods.get("gated")).spec.nodeName, undefined);
    assert.equal((await pods.get("other")).spec.nodeName, undefined);
    await pods.patch("gated", { spec: { schedulingGates: null } });
    await ready("gated");
  });
});

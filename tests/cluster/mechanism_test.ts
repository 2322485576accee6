import assert from "node:assert/strict";
import { startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { createPods } from "../support/pod_load.ts";
import { readRegistration, untilNothingPending } from "../support/registration.ts";
import { conditionOf, createSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

/** As replicas in a cluster: the registration stays when the process ends. */
const args = ["--keep-registration", "--drain-seconds", "1"];

const spec = {
  selector: { matchLabels: { app: "web" } },
  containers: [{ name: "agent", image: "agent:1" }],
  injectionStrategy: { mechanism: "Policy" as const },
};

Deno.test("SidecarSets that the API server injects by a policy", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await using controller = await installAndStart(plane, { args });

  await t.step("leave the webhook's registration once the policy is active", async () => {
    const { status } = await createSidecarSet(plane, "web", spec);
    assert.equal(conditionOf({ metadata: {}, spec: {}, status }, "Ready")?.reason, "InForce");
    await untilNothingPending(plane);
    await eventually(async () => {
      const { webhooks = [] } = await readRegistration(plane);
      return !webhooks.some(({ name }) => name.includes("pods."));
    }, { what: "no Pod is reviewed" });
  });

  await t.step("1,000 Pods by 20 creators while the controller is killed", async () => {
    await controller.stop("SIGKILL");
    const load = await createPods(plane, {
      ...{ labels: { app: "web" }, sidecar: "agent", name: "dead", inFlight: 20, atMost: 1_000 },
    });
    assert.deepEqual(load, { created: 1_000, uninjected: 0, refusals: [] });
  });

  await t.step("are counted exactly once the controller is back", async () => {
    await controller.start();
    const { status } = await untilSidecarSet(plane, "web", {
      what: "counts all Pods",
      is: ({ status }) => status?.matchedPods === 1_000,
      timeout: 60_000,
    });
    const { matchedPods, updatedPods, uninjectedPods, missedPods } = status ?? {};
    assert.deepEqual([matchedPods, updatedPods, uninjectedPods, missedPods], [1_000, 1_000, 0, 0]);
  });
});

import assert from "node:assert/strict";
import { startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { createPods } from "../support/pod_load.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";
import { ownAddress, serveBehindService, SERVICE_ARGS } from "../support/webhook_service.ts";

const service = new URL("../../manifests/service.yaml", import.meta.url).pathname;

for (const family of ["IPv4", "IPv6"] as const) {
  Deno.test(`a replica with nothing but an ${family} address is reached at its Service`, async () => {
    if (ownAddress(family) === undefined) {
      console.log(`Left out: this machine has no ${family} address that a Pod could have`);
      return;
    }
    await using plane = await startControlPlane({ kubelet: false });
    await install(plane);
    await kubectlOutput(["apply", "-f", service], plane);
    await using replica = await startController({
      kubeconfig: plane.controllerKubeconfig,
      args: SERVICE_ARGS,
    });
    await serveBehindService(plane, replica, family);
    await eventually(
      () =>
        createSidecarSet(plane, "agent", {
          selector: { matchLabels: { app: "web" } },
          containers: [{ name: "agent", image: "agent:1" }],
          failurePolicy: "Fail",
        }),
      { what: "the API server knows the endpoint" },
    );
    const load = await createPods(plane, {
      ...{ labels: { app: "web" }, sidecar: "agent", inFlight: 2, name: "web" },
      atMost: 10,
    });
    assert.deepEqual(load, { created: 10, uninjected: 0, refusals: [] });
  });
}

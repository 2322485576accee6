import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { untilEstablished } from "../support/installation.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { createPods } from "../support/pod_load.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

const manifests = new URL("../../manifests", import.meta.url).pathname;
const agent: SidecarSetSpec = {
  selector: { matchLabels: { app: "web" } },
  containers: [{ name: "agent", image: "agent:1" }],
  failurePolicy: "Fail",
  cleanupPolicy: { type: "Evict" },
};

Deno.test("an installation in use is removed by one command, and installed again", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  const isThere = async (...object: string[]) =>
    (await kubectl(["get", ...object], plane)).code === 0;

  for (const time of ["first", "second"]) {
    await t.step(`no Pod is refused meanwhile, the ${time} time`, async () => {
      await kubectlOutput(["apply", "-k", manifests], plane);
      await untilEstablished(plane, ["sidecarsets.apps.kruise.io"]);
      await using replicas = new Replicas(plane);
      for (let i = 0; i < 2; i++) await replicas.start();
      await createSidecarSet(plane, "agent", agent);
      const web = { labels: { app: "web" }, sidecar: "agent", inFlight: 4 };
      const before = await createPods(plane, { ...web, name: `${time}-before`, atMost: 20 });
      assert.deepEqual(before, { created: 20, uninjected: 0, refusals: [] });
      const end = new AbortController();
      const load = createPods(plane, { ...web, name: time, signal: end.signal });
      const removal = kubectlOutput(["delete", "-k", manifests], plane);
      await eventually(
        async () => !await isThere("deployment", "sidecarset", "-n", "sidecarset-system"),
        { what: "the Deployment is deleted" },
      );
      // As the kubelet does with the Deployment's Pods.
      await Promise.all(replicas.all.map((replica) => replica.stop("SIGTERM")));
      await removal;
      const configurations = "mutatingwebhookconfigurations,validatingwebhookconfigurations";
      await eventually(
        async () => await kubectlOutput(["get", configurations, "-o", "name"], plane) === "",
        { what: "the registration is deleted" },
      );
      end.abort();
      const { created, refusals } = await load;
      assert.deepEqual(refusals, []);
      assert.ok(created > 0);
    });
  }
});

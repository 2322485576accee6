import assert from "node:assert/strict";
import { join } from "node:path";
import { installationObjects } from "../../lib/cli/manifests/installation.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { foreignAuthority, MountedSecret, servingFiles } from "../support/mounted_secret.ts";
import { createPods } from "../support/pod_load.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

Deno.test("certificates renewed by another program are adopted without a restart or a refused Pod", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  // With cert-manager the controller has no right to any Secret.
  const roles = installationObjects({ certManager: true }).filter(({ kind }) => kind === "Role");
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: roles });
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
  let authority = await foreignAuthority();
  // How often files are looked at, and how long clients may take to trust an authority, follows from these.
  const lifetimes = ["--certificate-seconds", "5", "--authority-seconds", "12"];
  await using replicas = new Replicas(plane, lifetimes);
  const mounts = ["leader", "follower"].map((name) => new MountedSecret(join(plane.folder, name)));
  for (const mount of mounts) {
    await mount.put(await servingFiles(authority));
    await replicas.start({ args: ["--cert-dir", mount.folder] });
  }
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
    failurePolicy: "Fail",
  });
  const served = () =>
    replicas.all.map((replica) => replica.log().split("Serving a new certificate").length - 1);

  const steps = [
    ["of the same authority", () => Promise.resolve(authority)],
    ["of another authority", foreignAuthority],
  ] as const;
  for (const [what, next] of steps) {
    await t.step(`a new certificate ${what}`, async () => {
      const end = new AbortController();
      const create = (name: string, limit: { atMost: number } | { signal: AbortSignal }) =>
        createPods(plane, {
          labels: { app: "web" },
          sidecar: "agent",
          inFlight: 8,
          name: `${what.replaceAll(" ", "-")}-${name}`,
          ...limit,
        });
      const load = create("during", { signal: end.signal });
      const before = served();
      authority = await next();
      // The kubelets of two nodes exchange it at different times: here that of the leader, who registers the
      // authority, is late.
      for (const [place, mount] of [...mounts.entries()].toReversed()) {
        await mount.put(await servingFiles(authority));
        await eventually(() => (served()[place] ?? 0) > (before[place] ?? 0), {
          what: `replica ${place} serves it`,
        });
      }
      end.abort();
      const { created, uninjected, refusals } = await load;
      console.log(`${created} Pods while a certificate ${what} came`);
      assert.deepEqual({ uninjected, refusals }, { uninjected: 0, refusals: [] });
      assert.ok(created > 0);
      // The API server had connections of before until now.
      await replicas.reconnect();
      const later = await create("later", { atMost: 20 });
      assert.deepEqual(later, { created: 20, uninjected: 0, refusals: [] });
    });
  }
});

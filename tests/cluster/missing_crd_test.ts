import assert from "node:assert/strict";
import { startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { kubectlOutput } from "../support/kubectl.ts";

const manifest = (name: string) => new URL(`../../manifests/${name}`, import.meta.url).pathname;
const REMEDY =
  /sidecarsets\.apps\.kruise\.io .*install it with: sidecarset manifests --image IMAGE/;

Deno.test("a controller without the CustomResourceDefinition names it, and gets ready with it", async () => {
  await using plane = await startControlPlane({ kubelet: false });
  for (const file of ["namespace.yaml", "rbac.yaml"]) {
    await kubectlOutput(["apply", "-f", manifest(file)], plane);
  }
  await using controller = await startController({
    kubeconfig: plane.controllerKubeconfig,
    untilReady: false,
  });
  const readiness = async () => await (await fetch(`${controller.healthUrl}/readyz`)).text();
  const text = await eventually(async () => {
    const found = await readiness();
    return found.includes("sidecarsets (") ? found : false;
  }, { what: "the controller reports what is missing" });
  assert.match(text, REMEDY);
  assert.match(controller.log(), REMEDY);
  await kubectlOutput(["apply", "-f", manifest("crd.yaml")], plane);
  await eventually(async () => /^ok$/m.test(await readiness()), {
    what: "the controller is ready",
  });
});

import type { ControlPlane } from "./control_plane.ts";
import {
  type ControllerOptions,
  type ControllerProcess,
  startController,
} from "./controller_process.ts";
import { eventually } from "./eventually.ts";
import { kubectlOutput } from "./kubectl.ts";

/** What the program needs in a cluster that it does not run in, in the order in which it is applied. */
const MANIFESTS = ["namespace.yaml", "crd.yaml", "rbac.yaml"];

/** Applies the program's own manifests, so that a controller runs with exactly the rights that they grant. */
export async function install(plane: ControlPlane): Promise<void> {
  const files = MANIFESTS.map((file) =>
    new URL(`../../manifests/${file}`, import.meta.url).pathname
  );
  await kubectlOutput(["apply", ...files.flatMap((file) => ["-f", file])], plane);
  await untilEstablished(plane, ["sidecarsets.apps.kruise.io"]);
}

/** Waits until objects of the named definitions can be made. */
export async function untilEstablished(
  plane: ControlPlane,
  definitions: readonly string[],
): Promise<void> {
  const names = definitions.map((name) => `crd/${name}`);
  // Right after it was made a definition has no conditions at all, which kubectl takes for an error.
  await eventually(
    () => kubectlOutput(["wait", "--for=condition=Established", ...names], plane),
    { what: `${definitions.join(", ")} are established` },
  );
}

/** Installs the program and starts a controller. Dispose of it before the control plane. */
export async function installAndStart(
  plane: ControlPlane,
  options: Omit<ControllerOptions, "kubeconfig"> = {},
): Promise<ControllerProcess> {
  await install(plane);
  return await startController({ ...options, kubeconfig: plane.controllerKubeconfig });
}

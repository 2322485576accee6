import { networkInterfaces } from "node:os";
import type { ControlPlane } from "./control_plane.ts";
import type { ControllerProcess } from "./controller_process.ts";
import { kubectlOutput } from "./kubectl.ts";

const SERVICE = { namespace: "sidecarset-system", name: "sidecarset-webhook" };

/** Flags with which a replica serves the Service of its installation, as in a Pod. */
export const SERVICE_ARGS = ["--webhook-url", "", "--webhook-host", "0.0.0.0"];

/** Puts a replica behind the Service of the installation, as a Pod of its Deployment that is ready. */
export async function serveBehindService(
  plane: ControlPlane,
  { webhookUrl }: ControllerProcess,
): Promise<void> {
  const port = Number(new URL(webhookUrl).port);
  const input = JSON.stringify({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      namespace: SERVICE.namespace,
      name: `${SERVICE.name}-${port}`,
      labels: { "kubernetes.io/service-name": SERVICE.name },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
    ports: [{ name: "webhook", port, protocol: "TCP" }],
  });
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

/**
 * An address of this machine that an EndpointSlice may have.
 *
 * @throws {Error} if there is none
 */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const own = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  if (own) return own.address;
  throw new Error("Cannot put anything behind a Service: this machine has no address but loopback");
}

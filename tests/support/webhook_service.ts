import { networkInterfaces } from "node:os";
import type { ControlPlane } from "./control_plane.ts";
import type { ControllerProcess } from "./controller_process.ts";
import { kubectlOutput } from "./kubectl.ts";

const SERVICE = { namespace: "sidecarset-system", name: "sidecarset-webhook" };

export type AddressFamily = "IPv4" | "IPv6";

/** Flags with which a replica serves the Service of its installation, as in a Pod. */
export const SERVICE_ARGS = ["--webhook-url", "", "--webhook-host", ""];

/**
 * Puts a replica behind the Service of the installation, as a Pod of its Deployment that is ready, and has no other
 * address.
 *
 * @throws {Error} if this machine has no address of the family that an EndpointSlice may have
 */
export async function serveBehindService(
  plane: ControlPlane,
  { webhookUrl }: ControllerProcess,
  family: AddressFamily = "IPv4",
): Promise<void> {
  const address = ownAddress(family);
  if (address === undefined) {
    throw new Error(
      `Cannot put anything behind a Service: this machine has only loopback ${family}`,
    );
  }
  const port = Number(new URL(webhookUrl).port);
  const input = JSON.stringify({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      namespace: SERVICE.namespace,
      name: `${SERVICE.name}-${port}`,
      labels: { "kubernetes.io/service-name": SERVICE.name },
    },
    addressType: family,
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "webhook", port, protocol: "TCP" }],
  });
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

/** An address of this machine that an EndpointSlice may have; undefined where there is none. */
export function ownAddress(family: AddressFamily): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find((each) =>
    each.family === family && !each.internal && !each.address.startsWith("fe80:")
  )?.address;
}

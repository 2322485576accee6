import type { RestClient } from "../../lib/kube/contract.ts";
import { isObject } from "../../lib/api/json.ts";
import { eventually } from "./eventually.ts";
import type { Server } from "./server.ts";

/** Starting takes 3 s on an idle machine. */
const TIMEOUT_MS = 120_000;

/** Waits until the API server is ready and has made the namespace `default`. */
export async function untilServing(apiServer: Server, client: RestClient): Promise<void> {
  await untilAnswered(apiServer, {
    client,
    path: "/readyz",
    what: "kube-apiserver is ready",
  });
  await untilAnswered(apiServer, {
    client,
    path: "/api/v1/namespaces/default",
    what: "kube-apiserver has made its namespaces",
  });
}

/** Waits until there are nodes and all are ready. */
export async function untilNodesReady(kubelet: Server, client: RestClient): Promise<void> {
  await eventually(async () => {
    const nodes = await client.performRequest({
      method: "GET",
      path: "/api/v1/nodes",
      expectJson: true,
    });
    if (!isObject(nodes) || !Array.isArray(nodes.items)) return false;
    return nodes.items.length > 0 && nodes.items.every(isReady);
  }, { what: "all nodes are ready", timeout: TIMEOUT_MS, unless: () => kubelet.failure });
}

/** Waits until kube-controller-manager has made the ServiceAccount that Pods need. */
export async function untilControllersRun(manager: Server, client: RestClient): Promise<void> {
  await untilAnswered(manager, {
    client,
    path: "/api/v1/namespaces/default/serviceaccounts/default",
    what: "kube-controller-manager has made the default ServiceAccount",
  });
}

async function untilAnswered(
  server: Server,
  { client, path, what }: { client: RestClient; path: string; what: string },
): Promise<void> {
  await eventually(async () => {
    await client.performRequest({ method: "GET", path });
    return true;
  }, { what, timeout: TIMEOUT_MS, unless: () => server.failure });
}

function isReady(node: unknown): boolean {
  if (!isObject(node) || !isObject(node.status)) return false;
  const { conditions } = node.status;
  return Array.isArray(conditions) &&
    conditions.some((each) => isObject(each) && each.type === "Ready" && each.status === "True");
}

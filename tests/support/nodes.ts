import type { KubeObject } from "../../lib/api/objects.ts";
import type { RestClient } from "../../lib/kube/contract.ts";

/** One node that KWOK plays, with room for anything. Each has its own range of Pod addresses. */
export function node(index: number): KubeObject & Record<string, unknown> {
  const name = `node-${index}`;
  const room = { cpu: "1000", memory: "4Ti", pods: "100000" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
    spec: { podCIDR: `10.${100 + index}.0.0/16` },
    status: { allocatable: room, capacity: room },
  };
}

/** Creates the nodes `node-0` to `node-(count - 1)` and returns their names. */
export async function createNodes(client: RestClient, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const object = node(index);
    await client.performRequest({
      method: "POST",
      path: "/api/v1/nodes",
      bodyJson: object,
      expectJson: true,
    });
    names.push(`node-${index}`);
  }
  return names;
}

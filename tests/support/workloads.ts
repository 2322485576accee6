import type { Workload } from "../../lib/api/objects.ts";
import { create, get, patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/send.ts";
import { ClusterPods, isReady } from "./cluster_pods.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

export interface DeploymentOptions {
  replicas: number;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Creates a Deployment with one container `main`, labelled with its name, and waits until its Pods are ready. */
export async function createDeployment(
  plane: ControlPlane,
  name: string,
  { replicas, namespace = "default", labels = {}, annotations = {} }: DeploymentOptions,
): Promise<void> {
  const body: Workload = {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { deployment: name } },
      template: {
        metadata: { labels: { deployment: name, ...labels }, annotations },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      },
    },
  };
  await send(plane.client, create(resources.deployments, { namespace, body }));
  await untilReplicas(plane, name, { replicas, namespace });
}

/** Changes the number of replicas and does not wait. */
export async function scale(
  plane: ControlPlane,
  name: string,
  { replicas, namespace = "default" }: Pick<DeploymentOptions, "replicas" | "namespace">,
): Promise<void> {
  const body = { spec: { replicas } };
  await send(plane.client, patch(resources.deployments, { name, namespace, type: "merge", body }));
}

/** Waits until exactly that many replicas are there and ready. */
export async function untilReplicas(
  plane: ControlPlane,
  name: string,
  { replicas, namespace = "default", timeout = 60_000 }: {
    replicas: number;
    namespace?: string;
    timeout?: number;
  },
): Promise<void> {
  await eventually(async () => {
    const { status } = await send(plane.client, get(resources.deployments, { name, namespace }));
    if (status?.readyReplicas === replicas && status.replicas === replicas) return true;
    throw new Error(`its status is ${JSON.stringify(status)}`);
  }, { what: `Deployment ${name} has ${replicas} ready replicas`, timeout });
}

/** Looks all the time, while something is done, how many Pods of a Deployment are ready; resolves to how few there were. */
export async function leastReady(
  plane: ControlPlane,
  name: string,
  during: () => Promise<void>,
): Promise<number> {
  const pods = new ClusterPods(plane.client);
  let least = Infinity;
  let isDone = false;
  const watching = (async () => {
    while (!isDone) {
      least = Math.min(least, (await pods.list(`deployment=${name}`)).filter(isReady).length);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  try {
    await during();
  } finally {
    isDone = true;
    await watching;
  }
  return least;
}

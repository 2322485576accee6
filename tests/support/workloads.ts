import type { Workload } from "../../lib/api/objects.ts";
import { create, get, patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

export interface DeploymentOptions {
  replicas: number;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Whether to wait until its Pods are ready. @default true */
  wait?: boolean;
}

/**
 * Creates a Deployment with one container `main`, labelled with its name, and by default waits until its Pods are
 * ready.
 */
export async function createDeployment(
  plane: ControlPlane,
  name: string,
  { replicas, namespace = "default", labels = {}, annotations = {}, wait = true }:
    DeploymentOptions,
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
  if (wait) await untilReplicas(plane, name, { replicas, namespace });
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
  { replicas, namespace = "default", timeout = 120_000 }: {
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

/** Creates a StatefulSet with one container `main`, labelled with its name, and waits until its Pods are ready. */
export async function createStatefulSet(
  plane: ControlPlane,
  name: string,
  { replicas, namespace = "default", labels = {} }: DeploymentOptions,
): Promise<void> {
  const own = { statefulset: name };
  const body: Workload = {
    metadata: { name },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: own },
      template: {
        metadata: { labels: { ...own, ...labels } },
        spec: { containers: [{ name: "main", image: "main:1" }] },
      },
    },
  };
  await send(plane.client, create(resources.statefulSets, { namespace, body }));
  await untilStatefulSet(plane, name, { replicas, namespace });
}

export async function scaleStatefulSet(
  plane: ControlPlane,
  name: string,
  replicas: number,
): Promise<void> {
  const options = { name, namespace: "default", type: "merge" as const };
  await send(
    plane.client,
    patch(resources.statefulSets, { ...options, body: { spec: { replicas } } }),
  );
}

/** Waits until exactly that many Pods of a StatefulSet are there and ready. */
export async function untilStatefulSet(
  plane: ControlPlane,
  name: string,
  { replicas, namespace = "default" }: Pick<DeploymentOptions, "replicas" | "namespace">,
): Promise<void> {
  await eventually(async () => {
    const { status } = await send(plane.client, get(resources.statefulSets, { name, namespace }));
    if (status?.readyReplicas === replicas && status.replicas === replicas) return true;
    throw new Error(`its status is ${JSON.stringify(status)}`);
  }, { what: `StatefulSet ${name} has ${replicas} ready replicas` });
}

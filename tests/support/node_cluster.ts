import { ClusterPods } from "./cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import type { ControllerProcess } from "./controller_process.ts";
import { installAndStart } from "./installation.ts";
import { type RealNode, type RealNodeOptions, startRealNode } from "./real_node.ts";

/** A control plane, one real node and the controller. */
export interface NodeCluster extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly node: RealNode;
  readonly controller: ControllerProcess;
  readonly pods: ClusterPods;
}

/** Starts all that a test on a real node needs. Dispose of it. */
export async function startNodeCluster(options: RealNodeOptions): Promise<NodeCluster> {
  await using resources = new AsyncDisposableStack();
  const plane = resources.use(
    await startControlPlane({ kubelet: false, controllerManager: true }),
  );
  const node = resources.use(await startRealNode(plane, options));
  const controller = resources.use(await installAndStart(plane));
  const pods = new ClusterPods(plane.client);
  const owned = resources.move();
  return { plane, node, controller, pods, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

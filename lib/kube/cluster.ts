import type { Cluster } from "./credentials.ts";
import { inCluster } from "./in_cluster.ts";
import type { KubeconfigOptions } from "./kubeconfig.ts";

/**
 * Finds the cluster to talk to: the kubeconfig that an option or KUBECONFIG names, else the one that this process runs in, else the kubeconfig in
 * the home folder (controller-runtime's order, `pkg/client/config`).
 *
 * @throws {Error} saying what is wrong with the place that was chosen, and how to mend it
 */
export async function findCluster(options: KubeconfigOptions): Promise<Cluster> {
  const named = options.kubeconfig !== undefined || options.context !== undefined ||
    Boolean(options.host.env("KUBECONFIG"));
  const around = named ? undefined : await inCluster(options);
  if (around) return around;
  // YAML is loaded only where there is a kubeconfig: in a cluster it would only cost start-up time and memory.
  const { kubeconfigCluster } = await import("./kubeconfig.ts");
  return await kubeconfigCluster(options);
}

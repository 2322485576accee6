import { type Cluster, credentialsOf } from "./credentials.ts";
import type { KubeconfigOptions } from "./kubeconfig.ts";
import { TextFile } from "./text_source.ts";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the cluster, in controller-runtime's order (`pkg/client/config`): the kubeconfig that an option or KUBECONFIG
 * names, else the cluster that runs this process as a Pod, else the kubeconfig in the home folder.
 *
 * @throws {Error} with the reason why that source cannot be used, and the remedy
 */
export async function findCluster(options: KubeconfigOptions): Promise<Cluster> {
  const isNamed = options.kubeconfig !== undefined || options.context !== undefined ||
    Boolean(options.host.env("KUBECONFIG"));
  const surrounding = isNamed ? undefined : await inCluster(options);
  if (surrounding) return surrounding;
  // The YAML parser costs start-up time and memory, which a Pod does not need.
  const { kubeconfigCluster } = await import("./kubeconfig.ts");
  return await kubeconfigCluster(options);
}

/** The cluster of this Pod; undefined outside a Pod (`k8s.io/client-go/rest:InClusterConfig`). */
async function inCluster(options: KubeconfigOptions): Promise<Cluster | undefined> {
  const { host } = options;
  const address = host.env("KUBERNETES_SERVICE_HOST");
  const port = host.env("KUBERNETES_SERVICE_PORT");
  if (!address || !port) return undefined;
  const file = (name: string) => new TextFile(`${SERVICE_ACCOUNT}/${name}`, options);
  return {
    server: `https://${address.includes(":") ? `[${address}]` : address}:${port}`,
    defaultNamespace: await file("namespace").read(),
    credentials: credentialsOf(file("ca.crt"), { token: file("token") }),
  };
}

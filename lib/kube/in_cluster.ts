import { type Cluster, credentialsOf } from "./credentials.ts";
import type { Host } from "./host.ts";
import { TextFile, type TextFileOptions } from "./text_source.ts";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions extends TextFileOptions {
  host: Host;
}

/** The cluster that this process runs in as a Pod; undefined where it does not (`k8s.io/client-go/rest:InClusterConfig`). */
export async function inCluster(options: InClusterOptions): Promise<Cluster | undefined> {
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

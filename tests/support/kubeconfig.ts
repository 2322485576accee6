import { stringify } from "yaml";

export interface KubeconfigEntry {
  server: string;
  /** File with the certificate authority. */
  ca?: string;
  user: string;
  credentials: { token: string } | { tokenFile: string } | { exec: object };
  namespace?: string;
}

/** A kubeconfig with one cluster and one user. */
export function kubeconfigText(
  { server, ca, user, credentials, namespace = "default" }: KubeconfigEntry,
): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server, ...(ca && { "certificate-authority": ca }) } }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: "test", context: { cluster: "test", user, namespace } }],
  });
}

import { stringify } from "yaml";

export interface KubeconfigEntry {
  server: string;
  /** File with the certificate authority. */
  ca: string;
  user: string;
  token: string;
  namespace?: string;
}

/** A kubeconfig with one cluster and one user who has a token. */
export function kubeconfigText(
  { server, ca, user, token, namespace = "default" }: KubeconfigEntry,
): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server, "certificate-authority": ca } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user, namespace } }],
  });
}

import { join } from "node:path";
import { parse } from "yaml";
import { isObject } from "../../lib/api/json.ts";

const FOLDER = "var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Writes what a Pod has of its service account below a root folder, from a kubeconfig with a CA file and a token.
 *
 * @returns the environment variables by which a Pod finds the API server
 */
export async function writeServiceAccount(
  root: string,
  kubeconfig: string,
): Promise<Record<string, string>> {
  const config = parse(await Deno.readTextFile(kubeconfig));
  const { cluster, user } = { cluster: firstOf(config, "cluster"), user: firstOf(config, "user") };
  const ca = cluster["certificate-authority"];
  const { server } = cluster;
  const { token } = user;
  if (typeof ca !== "string" || typeof server !== "string" || typeof token !== "string") {
    throw new Error(
      `Cannot make a service account of ${kubeconfig}: it needs a CA file and a token`,
    );
  }
  const folder = join(root, FOLDER);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.copyFile(ca, join(folder, "ca.crt"));
  await Deno.writeTextFile(join(folder, "token"), token);
  await Deno.writeTextFile(join(folder, "namespace"), "sidecarset-system");
  const { hostname, port } = new URL(server);
  return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
}

/** The content of the only cluster or user of a kubeconfig. */
function firstOf(config: unknown, kind: "cluster" | "user"): Record<string, unknown> {
  const entries = isObject(config) ? config[`${kind}s`] : undefined;
  const entry: unknown = Array.isArray(entries) ? entries[0] : undefined;
  const content = isObject(entry) ? entry[kind] : undefined;
  return isObject(content) ? content : {};
}

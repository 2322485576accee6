import { resolve } from "node:path";
import { isObject } from "../api/json.ts";
import type { Identity } from "./credentials.ts";
import { type ExecConfig, ExecPlugin } from "./exec_plugin.ts";
import type { Host } from "./host.ts";
import type { Chosen, ClusterEntry, UserEntry } from "./kubeconfig_files.ts";
import { fixedText, TextFile, type TextFileOptions, type TextSource } from "./text_source.ts";

/** The cluster extension for exec plugins. */
const EXEC_EXTENSION = "client.authentication.k8s.io/exec";

interface IdentityOptions extends TextFileOptions {
  host: Host;
  cluster: Chosen<ClusterEntry>;
  ca: TextSource | undefined;
}

/** The CA bundle of a kubeconfig's cluster; undefined without one. */
export function caOf(
  cluster: Chosen<ClusterEntry>,
  options: TextFileOptions,
): TextSource | undefined {
  return pemSource(cluster, "certificate-authority", options);
}

/**
 * The identity of a kubeconfig's user. As in client-go, data take precedence over files, and a token file over a token.
 *
 * @throws {Error} if a certificate has no key or a key no certificate, data are not base64, or a plugin needs a
 * terminal
 */
export async function identityOf(
  user: Chosen<UserEntry>,
  options: IdentityOptions,
): Promise<Identity> {
  const { token, tokenFile, exec } = user.value;
  const identity: Identity = {};
  if (tokenFile) identity.token = new TextFile(resolve(user.folder, tokenFile), options);
  else if (token) identity.token = fixedText(token);
  const cert = pemSource(user, "client-certificate", options);
  const key = pemSource(user, "client-key", options);
  if (cert && key) identity.certificate = { cert, key };
  else if (cert || key) {
    const missing = cert ? "client-key" : "client-certificate";
    throw new Error(`Cannot use ${user.title} of ${user.file}: it has no ${missing}`);
  }
  if (exec) identity.plugin = await pluginOf(user, exec, options);
  return identity;
}

async function pluginOf(
  user: Chosen<UserEntry>,
  exec: ExecConfig,
  options: IdentityOptions,
): Promise<ExecPlugin> {
  if (exec.interactiveMode === "Always") {
    throw new Error(
      `Cannot use ${user.title} of ${user.file}: its exec plugin needs a terminal; ` +
        "use credentials that work without one",
    );
  }
  // A bare name is resolved by PATH, a relative path by the kubeconfig's folder (client-go's ResolveLocalPaths).
  const command = exec.command.includes("/") ? resolve(user.folder, exec.command) : exec.command;
  const cluster = exec.provideClusterInfo ? await clusterInfo(options) : {};
  return new ExecPlugin({ ...exec, command }, { ...options, cluster });
}

async function clusterInfo(
  { cluster, ca }: IdentityOptions,
): Promise<Record<string, unknown>> {
  const { server, extensions } = cluster.value;
  const extension = Array.isArray(extensions)
    ? extensions.filter(isObject).find(({ name }) => name === EXEC_EXTENSION)
    : undefined;
  return {
    server,
    ...(ca ? { "certificate-authority-data": btoa(await ca.read()) } : {}),
    ...(extension ? { config: extension.extension } : {}),
  };
}

function pemSource(
  { value, title, file, folder }: Chosen<Readonly<Record<string, unknown>>>,
  field: "certificate-authority" | "client-certificate" | "client-key",
  options: TextFileOptions,
): TextSource | undefined {
  const data = value[`${field}-data`];
  if (typeof data === "string" && data !== "") {
    try {
      return fixedText(atob(data));
    } catch {
      throw new Error(`Cannot use ${title} of ${file}: ${field}-data is not base64`);
    }
  }
  const path = value[field];
  return typeof path === "string" && path !== ""
    ? new TextFile(resolve(folder, path), options)
    : undefined;
}

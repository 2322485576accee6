import { join } from "node:path";
import type * as z from "zod/mini";
import { problemTexts } from "../api/problems.ts";
import { readAs } from "../api/read.ts";
import { type Cluster, credentialsOf } from "./credentials.ts";
import type { Host } from "./host.ts";
import {
  type Chosen,
  clusterEntry,
  contextEntry,
  type Located,
  type MergedKubeconfig,
  readKubeconfigs,
  UNSUPPORTED_OF_CLUSTER,
  UNSUPPORTED_OF_USER,
  userEntry,
} from "./kubeconfig_files.ts";
import { caOf, identityOf } from "./kubeconfig_identity.ts";
import type { TextFileOptions } from "./text_source.ts";

/** The choice of a cluster, as kubectl makes it from `--kubeconfig`, KUBECONFIG and `--context`. */
export interface KubeconfigOptions extends TextFileOptions {
  host: Host;
  /** A file that must exist. @default the files of KUBECONFIG, else the one in the home folder */
  kubeconfig?: string;
  /** @default the current context */
  context?: string;
}

/**
 * The cluster of a kubeconfig's context. The kubeconfig is read immediately, credentials when they are needed.
 *
 * @throws {Error} with the remedy if there is no kubeconfig, or an entry is missing, invalid or has an unsupported
 * field
 */
export async function kubeconfigCluster(options: KubeconfigOptions): Promise<Cluster> {
  const config = await readKubeconfigs(kubeconfigFiles(options), {
    host: options.host,
    allowMissing: options.kubeconfig === undefined,
  });
  const contextName = options.context ?? config.currentContext;
  if (!contextName) throw new Error(missingContext(config));
  const context = chosen(config.contexts, { what: "context", name: contextName }, contextEntry);
  const { cluster: clusterName, user: userName, namespace } = context.value;
  const cluster = chosen(config.clusters, { what: "cluster", name: clusterName }, clusterEntry);
  refuseUnsupported(cluster, UNSUPPORTED_OF_CLUSTER);
  const user = chosen(config.users, { what: "user", name: userName }, userEntry);
  refuseUnsupported(user, UNSUPPORTED_OF_USER);
  const ca = caOf(cluster, options);
  const { server, "proxy-url": proxy } = cluster.value;
  excludeLoopback(options.host);
  return {
    server: server.replace(/\/+$/, ""),
    ...(proxy ? { proxy: proxyOf(proxy) } : {}),
    defaultNamespace: namespace ?? "default",
    context: contextName,
    credentials: credentialsOf(ca, await identityOf(user, { ...options, cluster, ca })),
    runsPrograms: user.value.exec !== undefined,
  };
}

/** The names of all contexts. Rejects if a kubeconfig cannot be read. */
export async function contextNames(
  options: Pick<KubeconfigOptions, "host" | "kubeconfig">,
): Promise<string[]> {
  const { contexts } = await readKubeconfigs(kubeconfigFiles(options), {
    host: options.host,
    allowMissing: true,
  });
  return [...contexts.keys()];
}

/** The kubeconfig files, in order of precedence. */
function kubeconfigFiles(
  options: { host: Pick<Host, "env">; kubeconfig?: string },
): string[] {
  if (options.kubeconfig !== undefined) return [options.kubeconfig];
  const listed = (options.host.env("KUBECONFIG") ?? "").split(":").filter((file) => file !== "");
  return listed.length > 0 ? listed : [join(options.host.env("HOME") ?? ".", ".kube", "config")];
}

function chosen<T>(
  entries: ReadonlyMap<string, Located>,
  { what, name }: { what: string; name: string },
  schema: z.ZodMiniType<T>,
): Chosen<T> {
  const title = `${what} "${name}"`;
  const located = entries.get(name);
  if (!located) {
    const names = [...entries.keys()].join(", ") || "none";
    throw new Error(`Cannot use ${title}: the kubeconfig does not have it; it has ${names}`);
  }
  const read = readAs(schema, located.entry);
  if (read.ok) return { ...located, value: read.value, title };
  throw new Error(`Cannot use ${title} of ${located.file}: ${problemTexts(read.problems)}`);
}

function refuseUnsupported(
  { value, title, file }: Chosen<Readonly<Record<string, unknown>>>,
  unsupported: Readonly<Record<string, string>>,
): void {
  for (const [field, advice] of Object.entries(unsupported)) {
    const asked = value[field];
    if (asked === undefined || asked === false || asked === "") continue;
    throw new Error(`Cannot use ${title} of ${file}: ${field} is not supported; ${advice}`);
  }
}

function missingContext({ files, contexts }: MergedKubeconfig): string {
  if (files.length === 0) {
    return "Cannot find a cluster: there is no kubeconfig; name one with --kubeconfig or KUBECONFIG";
  }
  const names = [...contexts.keys()].join(", ");
  if (names === "") return `Cannot find a cluster: ${files.join(", ")} has no contexts`;
  return `Cannot choose a cluster: ${files.join(", ")} set no current-context; name one of ` +
    `its contexts with --context: ${names}`;
}

/** Environment variables from which fetch takes its proxy. */
const VARIABLES = ["https_proxy", "http_proxy", "all_proxy"]
  .flatMap((name) => [name, name.toUpperCase()]);
const LOOPBACK = ["localhost", "127.0.0.0/8", "::1"];

const TRANSPORTS: Readonly<Record<string, "https" | "socks5">> = {
  "https:": "https",
  "socks5:": "socks5",
  "socks5h:": "socks5",
};

/**
 * The proxy of a kubeconfig's `proxy-url`.
 *
 * @param text URL with the scheme http, https, socks5 or socks5h, and optional credentials
 */
function proxyOf(text: string): Deno.Proxy {
  const { protocol, host, username, password } = new URL(text);
  const basicAuth = {
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  return {
    transport: TRANSPORTS[protocol] ?? "http",
    url: `${protocol}//${host}`,
    ...(username === "" ? {} : { basicAuth }),
  };
}

/** Excludes loopback addresses from the proxy of the environment, as Go's client does. */
function excludeLoopback(host: Pick<Host, "env" | "setEnv">): void {
  if (!VARIABLES.some((name) => host.env(name))) return;
  const excluded = host.env("NO_PROXY") || host.env("no_proxy");
  host.setEnv("NO_PROXY", [...(excluded ? [excluded] : []), ...LOOPBACK].join(","));
}

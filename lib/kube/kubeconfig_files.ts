import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod/mini";
import { fileProblem, problemTexts } from "../api/problems.ts";
import { readAs, withoutNulls } from "../api/read.ts";
import { execConfig } from "./exec_plugin.ts";
import type { Host } from "./host.ts";

/**
 * The parts of `k8s.io/client-go/tools/clientcmd/api/v1` that are read. Loose objects keep unsupported fields for
 * detection.
 */

export const clusterEntry = z.looseObject({
  "server": z.string().check(z.regex(/^https?:\/\/[^/\s]+/, "a URL such as https://HOST:6443")),
  "certificate-authority": z.optional(z.string()),
  "certificate-authority-data": z.optional(z.string()),
  "proxy-url": z.optional(
    z.string().check(
      z.regex(/^((https?|socks5h?):\/\/[^/\s]+\/?)?$/, "a URL such as http://HOST:3128"),
    ),
  ),
});
export type ClusterEntry = z.infer<typeof clusterEntry>;

export const userEntry = z.looseObject({
  "token": z.optional(z.string()),
  "tokenFile": z.optional(z.string()),
  "client-certificate": z.optional(z.string()),
  "client-certificate-data": z.optional(z.string()),
  "client-key": z.optional(z.string()),
  "client-key-data": z.optional(z.string()),
  "exec": z.optional(execConfig),
});
export type UserEntry = z.infer<typeof userEntry>;

export const contextEntry = z.looseObject({
  cluster: z.string(),
  user: z.string(),
  namespace: z.optional(z.string()),
});

/** Entries are parsed when they are chosen, so an invalid entry of another cluster does not matter. */
const kubeconfig = z.looseObject({
  "current-context": z.optional(z.string()),
  "clusters": z.optional(z.array(z.looseObject({ name: z.string(), cluster: z.unknown() }))),
  "users": z.optional(z.array(z.looseObject({ name: z.string(), user: z.unknown() }))),
  "contexts": z.optional(z.array(z.looseObject({ name: z.string(), context: z.unknown() }))),
});
type Kubeconfig = z.infer<typeof kubeconfig>;

/** Fields that Deno's fetch cannot implement or a controller must not use, each with the alternative. */
export const UNSUPPORTED_OF_CLUSTER: Readonly<Record<string, string>> = {
  "insecure-skip-tls-verify":
    "set certificate-authority or certificate-authority-data to the API server's CA instead",
  "tls-server-name": "set server to a name or address that the API server's certificate is for",
};

export const UNSUPPORTED_OF_USER: Readonly<Record<string, string>> = {
  "auth-provider": "use an exec plugin, which replaced it in Kubernetes 1.26, or a token",
  "username": "use a token, a client certificate or an exec plugin",
  "password": "use a token, a client certificate or an exec plugin",
  "as": "use the credentials of the user or ServiceAccount itself",
  "as-uid": "use the credentials of the user or ServiceAccount itself",
  "as-groups": "use the credentials of the user or ServiceAccount itself",
  "as-user-extra": "use the credentials of the user or ServiceAccount itself",
};

/** A kubeconfig entry, its file, and the base folder of its relative paths. */
export interface Located {
  readonly entry: unknown;
  readonly folder: string;
  readonly file: string;
}

/** An entry that was found and parsed. */
export interface Chosen<T> extends Located {
  readonly value: T;
  /** Such as `user "admin"`. */
  readonly title: string;
}

/** The entries of several kubeconfig files by name; the first file that has a name wins, as with kubectl. */
export interface MergedKubeconfig {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Located>;
  readonly users: ReadonlyMap<string, Located>;
  readonly contexts: ReadonlyMap<string, Located>;
}

interface ReadOptions {
  host: Pick<Host, "readTextFile">;
  /** Whether to skip a file that does not exist. */
  allowMissing: boolean;
}

/**
 * Reads and merges kubeconfig files. The first entry of a name wins, and the first current context
 * (`k8s.io/client-go/tools/clientcmd/loader.go:Load`).
 *
 * @throws {Error} with the file's name if a file cannot be read or is not a kubeconfig
 */
export async function readKubeconfigs(
  files: readonly string[],
  options: ReadOptions,
): Promise<MergedKubeconfig> {
  const clusters = new Map<string, Located>();
  const users = new Map<string, Located>();
  const contexts = new Map<string, Located>();
  const found: string[] = [];
  let currentContext: string | undefined;
  for (const file of files) {
    const config = await readOne(file, options);
    if (config === undefined) continue;
    found.push(file);
    currentContext ||= config["current-context"];
    const add = (to: Map<string, Located>, name: string, entry: unknown) => {
      if (!to.has(name)) to.set(name, { entry, folder: dirname(resolve(file)), file });
    };
    for (const { name, cluster } of config.clusters ?? []) add(clusters, name, cluster);
    for (const { name, user } of config.users ?? []) add(users, name, user);
    for (const { name, context } of config.contexts ?? []) add(contexts, name, context);
  }
  return { files: found, currentContext, clusters, users, contexts };
}

async function readOne(file: string, options: ReadOptions): Promise<Kubeconfig | undefined> {
  let text: string;
  try {
    text = await options.host.readTextFile(file);
  } catch (cause) {
    if (options.allowMissing && cause instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(file, cause);
  }
  let value: unknown;
  try {
    value = withoutNulls(parse(text) ?? {});
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const read = readAs(kubeconfig, value);
  if (read.ok) return read.value;
  throw new Error(`Cannot read ${file} as a kubeconfig: ${problemTexts(read.problems)}`);
}

function unreadable(file: string, cause: unknown): Error {
  // The YAML parser appends the surrounding lines.
  const problem = fileProblem(cause).split(/:?\n/)[0];
  return new Error(`Cannot read ${file} as a kubeconfig: ${problem}`, { cause });
}

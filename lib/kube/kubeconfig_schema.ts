import * as z from "zod/mini";
import { execConfig } from "./exec_plugin.ts";

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
export const kubeconfig = z.looseObject({
  "current-context": z.optional(z.string()),
  "clusters": z.optional(z.array(z.looseObject({ name: z.string(), cluster: z.unknown() }))),
  "users": z.optional(z.array(z.looseObject({ name: z.string(), user: z.unknown() }))),
  "contexts": z.optional(z.array(z.looseObject({ name: z.string(), context: z.unknown() }))),
});
export type Kubeconfig = z.infer<typeof kubeconfig>;

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

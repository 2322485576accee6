import { isIP } from "node:net";

/** What a serving certificate is valid for. */
export interface ServingNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

/** The name by which API servers reach a Service, or the host of the URL of a webhook outside the cluster. */
export function servingNames(
  endpoint: { readonly service: string; readonly namespace: string } | { readonly url: string },
): ServingNames {
  if ("service" in endpoint) {
    return { dns: [`${endpoint.service}.${endpoint.namespace}.svc`], ip: [] };
  }
  const host = new URL(endpoint.url).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) ? { dns: [], ip: [host] } : { dns: [host], ip: [] };
}

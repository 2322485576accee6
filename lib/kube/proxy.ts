import type { Host } from "./host.ts";

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
export function proxyOf(text: string): Deno.Proxy {
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
export function excludeLoopback(host: Pick<Host, "env" | "setEnv">): void {
  if (!VARIABLES.some((name) => host.env(name))) return;
  const excluded = host.env("NO_PROXY") || host.env("no_proxy");
  host.setEnv("NO_PROXY", [...(excluded ? [excluded] : []), ...LOOPBACK].join(","));
}

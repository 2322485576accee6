import type { Host } from "./host.ts";

/** Variables by which fetch finds a proxy by itself. */
const VARIABLES = ["https_proxy", "http_proxy", "all_proxy"]
  .flatMap((name) => [name, name.toUpperCase()]);
const LOOPBACK = ["localhost", "127.0.0.0/8", "::1"];

const TRANSPORTS: Readonly<Record<string, "https" | "socks5">> = {
  "https:": "https",
  "socks5:": "socks5",
  "socks5h:": "socks5",
};

/** The proxy that a URL tells of. */
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

/** Keeps fetch from asking a proxy of the environment for this machine itself, as kubectl does not either. */
export function excludeLoopback(host: Pick<Host, "env" | "setEnv">): void {
  if (!VARIABLES.some((name) => host.env(name))) return;
  const excluded = host.env("NO_PROXY") || host.env("no_proxy");
  host.setEnv("NO_PROXY", [...(excluded ? [excluded] : []), ...LOOPBACK].join(","));
}

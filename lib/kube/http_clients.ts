import type { TlsMaterial } from "./credentials.ts";

/** kube-apiserver closes idle connections after 90 s; leaving them earlier avoids sending into one that is being closed. */
const POOL_IDLE_TIMEOUT = 60_000;

/** The HTTP client for the current TLS material; a new one when that changes, as a client cannot be changed. */
export class HttpClients {
  #client: Deno.HttpClient | undefined;
  #tls: TlsMaterial | undefined;

  for(tls: TlsMaterial): Deno.HttpClient {
    if (this.#client && this.#tls && sameMaterial(this.#tls, tls)) return this.#client;
    this.#client?.close();
    this.#tls = tls;
    this.#client = Deno.createHttpClient({
      // Over HTTP/2 a PATCH waits for a delayed ACK, and a pooled connection can hang for ever (denoland/deno#21749).
      http2: false,
      poolIdleTimeout: POOL_IDLE_TIMEOUT,
      ...(tls.ca === undefined ? {} : { caCerts: [tls.ca] }),
      ...tls.certificate,
    });
    return this.#client;
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.ca === b.ca && a.certificate?.cert === b.certificate?.cert &&
    a.certificate?.key === b.certificate?.key;
}

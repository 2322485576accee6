import type { TlsMaterial } from "./credentials.ts";
import { CredentialsError } from "./errors.ts";

/** kube-apiserver closes idle connections after 90 s. A shorter time avoids requests on a closing connection. */
const POOL_IDLE_TIMEOUT_MS = 60_000;

/** The HTTP client for the current TLS material. A change of it needs another client. */
export class HttpClients {
  readonly #proxy: Deno.Proxy | undefined;
  #client: Deno.HttpClient | undefined;
  #tls: TlsMaterial | undefined;
  #isOutdated = false;

  /** @param proxy Default: the proxy of the environment */
  constructor(proxy?: Deno.Proxy) {
    this.#proxy = proxy;
  }

  /**
   * The client for a TLS configuration.
   *
   * @throws {CredentialsError} if the client certificate or its key cannot be used; the previous client stays open
   */
  for(tls: TlsMaterial): Deno.HttpClient {
    const isSame = this.#tls !== undefined && sameMaterial(this.#tls, tls);
    if (this.#client && isSame && !this.#isOutdated) return this.#client;
    const client = createClient(tls, this.#proxy);
    this.#client?.close();
    this.#tls = tls;
    this.#client = client;
    this.#isOutdated = false;
    return client;
  }

  /** Makes the next request use a new connection; requests in flight continue. */
  renew(): void {
    this.#isOutdated = true;
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

function createClient({ ca, certificate }: TlsMaterial, proxy?: Deno.Proxy): Deno.HttpClient {
  try {
    return Deno.createHttpClient({
      // Over HTTP/2 a PATCH waits for a delayed ACK, and a pooled connection can hang (denoland/deno#21749).
      http2: false,
      poolIdleTimeout: POOL_IDLE_TIMEOUT_MS,
      ...(proxy === undefined ? {} : { proxy }),
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...certificate,
    });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new CredentialsError(`Cannot use the client certificate: ${problem}`, { cause });
  }
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.ca === b.ca && a.certificate?.cert === b.certificate?.cert &&
    a.certificate?.key === b.certificate?.key;
}

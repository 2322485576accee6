import { join } from "node:path";
import { parse, stringify } from "yaml";
import { createTestPki } from "../webhook/tls_fixtures.ts";
import type { ControlPlane } from "./control_plane.ts";

/**
 * What happens to a request: it gets through, is answered with a status code, ends its connection, or is never
 * answered.
 */
export type ApiFault = { httpCode: number } | "hang" | undefined;

/** A proxy between a controller and the API server that fails requests on demand. Outlives the controller. */
export class FaultyApi implements AsyncDisposable {
  /** Of the controller's user, for this address. */
  readonly kubeconfig: string;
  /** Requests that were not let through. */
  failed = 0;
  #fault: () => ApiFault = () => undefined;
  readonly #server: Deno.HttpServer;
  readonly #client: Deno.HttpClient;
  readonly #stop = new AbortController();

  private constructor(
    plane: ControlPlane,
    { pki, cert, key }: {
      pki: Awaited<ReturnType<typeof createTestPki>>;
      cert: string;
      key: string;
    },
  ) {
    this.#client = Deno.createHttpClient({ caCerts: [plane.ca] });
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      (request) =>
        this.#answer(request, plane.url).catch((error) => {
          if (!request.signal.aborted && !this.#stop.signal.aborted) throw error;
          // The client has ended its request and does not read this.
          return new Response(null, { status: 499 });
        }),
    );
    const ca = join(plane.folder, "faulty.crt");
    Deno.writeTextFileSync(ca, pki.authority.cert);
    const config = parse(Deno.readTextFileSync(plane.controllerKubeconfig));
    const { port } = this.#server.addr as Deno.NetAddr;
    config.clusters[0].cluster = {
      "server": `https://127.0.0.1:${port}`,
      "certificate-authority": ca,
    };
    this.kubeconfig = join(plane.folder, "faulty.kubeconfig");
    Deno.writeTextFileSync(this.kubeconfig, stringify(config));
  }

  static async start(plane: ControlPlane): Promise<FaultyApi> {
    const pki = await createTestPki();
    return new FaultyApi(plane, { pki, ...await pki.issue() });
  }

  /** From now on each request is asked for what happens to it. */
  fail(fault: () => ApiFault): void {
    this.#fault = fault;
  }

  async #answer(request: Request, to: string): Promise<Response> {
    const fault = this.#fault();
    if (fault !== undefined) this.failed++;
    if (fault === "hang") return await never(AbortSignal.any([request.signal, this.#stop.signal]));
    if (fault !== undefined) {
      const { httpCode: code } = fault;
      const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, message: "broken" };
      return Response.json(body, {
        status: code,
        headers: code === 429 ? { "retry-after": "1" } : {},
      });
    }
    const { pathname, search } = new URL(request.url);
    return await fetch(`${to}${pathname}${search}`, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      signal: request.signal,
      client: this.#client,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.shutdown();
    this.#client.close();
  }
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

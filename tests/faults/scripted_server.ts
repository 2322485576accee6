import type { JSONValue } from "../../lib/kube/contract.ts";

/** One request as the server saw it. */
export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: string;
  isWatch: boolean;
}

/** An HTTP server on 127.0.0.1 that answers as a test says. */
export class ScriptedServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop = new AbortController();
  readonly #scheme: string;

  constructor(
    answer: (seen: Seen) => Response | Promise<Response>,
    tls?: { cert: string; key: string },
  ) {
    this.#scheme = tls ? "https" : "http";
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      signal: this.#stop.signal,
      onListen() {},
      onError: () => new Response("the script failed", { status: 599 }),
      ...tls,
    }, async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const seen = {
        method: request.method,
        path: pathname,
        query: searchParams,
        headers: request.headers,
        body: await request.text(),
        isWatch: searchParams.has("watch"),
      };
      this.seen.push(seen);
      return await answer(seen);
    });
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#server.addr.port}`;
  }

  get watches(): Seen[] {
    return this.seen.filter(({ isWatch }) => isWatch);
  }

  get lists(): Seen[] {
    return this.seen.filter(({ isWatch }) => !isWatch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
  }
}

export function configMap(name: string, resourceVersion: string) {
  return { metadata: { name, namespace: "default", uid: `uid-${name}`, resourceVersion } };
}

export function page(
  names: readonly string[],
  { version, token }: { version: string; token?: string },
): Response {
  return Response.json({
    metadata: { resourceVersion: version, ...(token ? { continue: token } : {}) },
    items: names.map((name) => configMap(name, version)),
  });
}

export function failure(
  code: number,
  { reason = "", headers = {} }: { reason?: string; headers?: Record<string, string> } = {},
): Response {
  return Response.json(
    { kind: "Status", status: "Failure", code, reason, message: `no: ${code}` },
    {
      status: code,
      headers,
    },
  );
}

export function event(type: string, object: JSONValue | object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/**
 * The answer to a watch: texts sent one after the other, and then an end in good order, a broken connection or nothing
 * more.
 */
export function stream(texts: readonly string[], then: "end" | "break" | "silence"): Response {
  const encoder = new TextEncoder();
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const text = texts[next++];
      if (text !== undefined) return controller.enqueue(encoder.encode(text));
      if (then === "end") return controller.close();
      if (then === "break") return controller.error(new Error("the connection breaks"));
      await new Promise(() => {});
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

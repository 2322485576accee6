import assert from "node:assert/strict";
import { FetchClient } from "../../lib/kube/transport.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";

/** An HTTP proxy that opens tunnels, and records their targets and credentials. */
class Proxy implements AsyncDisposable {
  readonly seen: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting = this.#accept();

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(): Promise<void> {
    const tunnels: Promise<void>[] = [];
    for await (const client of this.#listener) tunnels.push(this.#tunnel(client));
    await Promise.all(tunnels);
  }

  async #tunnel(client: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(1_024);
    const head = new TextDecoder().decode(bytes.subarray(0, await client.read(bytes) ?? 0));
    const [, host = "", port = ""] = /^CONNECT (\S+):(\d+) HTTP/.exec(head) ?? [];
    const [, said = ""] = /^proxy-authorization: (.*)\r$/im.exec(head) ?? [];
    this.seen.push(`${host}:${port} ${said}`.trim());
    const server = await Deno.connect({ hostname: host, port: Number(port) });
    await client.write(new TextEncoder().encode("HTTP/1.1 200 Connected\r\n\r\n"));
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }
}

Deno.test("FetchClient reaches an API server by the proxy of its cluster", async () => {
  const { authority, issue } = await createTestPki();
  await using server = Deno.serve(
    { ...await issue(), hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ ok: true }),
  );
  await using proxy = new Proxy();
  const { port } = server.addr;
  const ways: [Deno.Proxy, string[]][] = [
    [{ transport: "http", url: proxy.url }, [`localhost:${port}`]],
    [
      {
        transport: "http",
        url: proxy.url,
        basicAuth: { username: "me", password: "secret" },
      },
      [`localhost:${port} Basic ${btoa("me:secret")}`],
    ],
  ];
  for (const [way, seen] of ways) {
    const client = new FetchClient({
      cluster: {
        server: `https://localhost:${port}`,
        defaultNamespace: "default",
        credentials: {
          current: () =>
            Promise.resolve({
              tls: { ca: authority.cert, certificate: undefined },
              authorization: undefined,
            }),
          reject() {},
        },
        proxy: way,
      },
      clock: systemClock(),
      userAgent: "sidecarset-tests",
    });
    const read = { method: "GET", path: "/api", expectJson: true } as const;
    assert.deepEqual(await client.performRequest(read), { ok: true });
    client.close();
    assert.deepEqual(proxy.seen.splice(0), seen);
  }
});

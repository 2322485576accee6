import { connect } from "node:tls";
import { systemClock } from "../../lib/runtime/clock.ts";
import { startServer, type WebhookServerOptions } from "../../lib/webhook/server.ts";
import { openSocketTuning } from "../../lib/webhook/socket_tuning.ts";
import { handlerWith, recordedReview, recordingLogger } from "./fixtures.ts";
import { createTestPki } from "./tls_fixtures.ts";

const REVIEW = recordedReview("bare-pod");

/** A server on a free port with its own certificate, a client that trusts it, and a function that ends both. */
export async function serve(options: Partial<WebhookServerOptions> = {}) {
  const pki = await createTestPki();
  const logger = recordingLogger();
  const sockets = openSocketTuning({ logger });
  const server = startServer(await pki.issue(), {
    handler: handlerWith(),
    hostname: "127.0.0.1",
    port: 0,
    sockets,
    clock: systemClock(),
    logger,
    ...options,
  });
  const url = `https://127.0.0.1:${server.port}/mutate-pod`;
  const clients: Deno.HttpClient[] = [];
  return {
    pki,
    logger,
    server,
    url,
    /** A client with its own connections. */
    client(http2 = true) {
      const client = Deno.createHttpClient({
        caCerts: [pki.authority.cert],
        http1: !http2,
        http2,
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await server.stop(5000);
      sockets.close();
    },
  };
}

export async function review(url: string, client: Deno.HttpClient): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    client,
    headers: { "content-type": "application/json" },
    body: REVIEW,
  });
  await response.text();
  return response.status;
}

/** Serial number of the certificate that a new connection gets. */
export async function certificateOf(
  { server, pki }: Awaited<ReturnType<typeof serve>>,
): Promise<string | undefined> {
  const socket = connect({ host: "127.0.0.1", port: server.port, ca: pki.authority.cert });
  await new Promise((resolve, reject) =>
    socket.once("secureConnect", resolve).once("error", reject)
  );
  const { serialNumber } = socket.getPeerCertificate();
  await new Promise((resolve) => socket.once("close", resolve).destroy());
  return serialNumber;
}

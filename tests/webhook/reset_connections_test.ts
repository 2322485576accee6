import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { systemClock } from "../../lib/runtime/clock.ts";
import { startServer } from "../../lib/webhook/server.ts";
import { UNTUNED } from "../../lib/webhook/socket_tuning.ts";
import { handlerWith, recordingLogger } from "./fixtures.ts";
import { review } from "./serving.ts";
import { createTestPki } from "./tls_fixtures.ts";

const CONNECTIONS = 1_000;
const AT_A_TIME = 100;

/** Opens a connection, sends bytes that are not a handshake, and resets it. */
function reset(port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket: Socket = connect(port, "127.0.0.1", () => {
    socket.write("\x16\x03\x01", () => socket.resetAndDestroy());
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  return promise;
}

Deno.test("the webhook answers while connections are reset by the hundred, and logs no error", async () => {
  const pki = await createTestPki();
  const logger = recordingLogger();
  const server = startServer(await pki.issue(), {
    handler: handlerWith(),
    hostname: "127.0.0.1",
    port: 0,
    sockets: UNTUNED,
    clock: systemClock(),
    logger,
  });
  const client = Deno.createHttpClient({ caCerts: [pki.authority.cert] });
  let resetting = true;
  const url = `https://127.0.0.1:${server.port}/mutate-pod`;
  const reviews = (async () => {
    const statuses = new Set<number>();
    while (resetting) statuses.add(await review(url, client));
    return statuses;
  })();
  try {
    for (let done = 0; done < CONNECTIONS; done += AT_A_TIME) {
      await Promise.all(Array.from({ length: AT_A_TIME }, () => reset(server.port)));
    }
  } finally {
    resetting = false;
  }
  assert.deepEqual([...await reviews], [200]);
  assert.equal(await review(url, client), 200);
  assert.deepEqual(logger.lines.filter(({ level }) => level !== "info"), []);
  client.close();
  await server.stop(5_000);
});

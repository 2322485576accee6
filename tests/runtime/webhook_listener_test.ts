import assert from "node:assert/strict";
import { systemClock } from "../../lib/runtime/clock.ts";
import { ListenError } from "../../lib/runtime/listen.ts";
import { createWebhookListener } from "../../lib/runtime/webhook_listener.ts";
import type { ServingCertificate } from "../../lib/webhook/certificates/source.ts";
import { freePorts } from "../support/free_port.ts";
import { handlerWith, recordingLogger } from "../webhook/fixtures.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";
import { UNTUNED } from "../../lib/webhook/socket_tuning.ts";

function listenerOn(port: number) {
  const errors: ListenError[] = [];
  const listener = createWebhookListener({
    handler: handlerWith(),
    hostname: "127.0.0.1",
    port,
    sockets: UNTUNED,
    clock: systemClock(),
    logger: recordingLogger(),
    onListenError: (error) => errors.push(error),
  });
  return { listener, errors };
}

async function certificate(): Promise<ServingCertificate> {
  const pki = await createTestPki();
  return { ...await pki.issue(), notAfter: new Date(8.64e15) };
}

Deno.test("createWebhookListener() refuses a port on which another process listens, also with SO_REUSEPORT", () => {
  for (const reusePort of [false, true]) {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort });
    const { port } = taken.addr;
    assert.throws(
      () => listenerOn(port),
      (error: unknown) =>
        error instanceof ListenError && error.message.startsWith(
          `Cannot listen on 127.0.0.1:${port}: Address already in use`,
        ) && error.message.endsWith("free the port or change --webhook-port"),
    );
  }
});

Deno.test("createWebhookListener() reports a port taken before the first certificate, and throws", async () => {
  const [port = 0] = freePorts(1);
  const { listener, errors } = listenerOn(port);
  const first = await certificate();
  using _taken = Deno.listen({ hostname: "127.0.0.1", port });
  assert.throws(() => listener.onCertificate(first), ListenError);
  assert.equal(errors.length, 1);
  assert.equal(listener.server(), undefined);
});

Deno.test("createWebhookListener() takes the next certificate after one that cannot be used", async () => {
  const [port = 0] = freePorts(1);
  const { listener, errors } = listenerOn(port);
  const good = await certificate();
  assert.throws(() => listener.onCertificate({ ...good, key: "no key" }));
  assert.equal(listener.server(), undefined);
  listener.onCertificate(good);
  assert.equal(listener.server()?.port, port);
  assert.deepEqual(errors, []);
  await listener.server()?.stop(1_000);
});

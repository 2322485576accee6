import assert from "node:assert/strict";
import { systemClock } from "../../lib/runtime/clock.ts";
import { openLibc } from "../../lib/webhook/libc.ts";
import { openSocketTuning, UNTUNED } from "../../lib/webhook/socket_tuning.ts";
import { startServer } from "../../lib/webhook/server.ts";
import { handlerWith, recordingLogger } from "./fixtures.ts";
import { certificateOf, review, serve } from "./serving.ts";

/** The least of how long a call takes, one at a time: a delayed acknowledgement holds up each of them by 40 ms. */
async function leastMs(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 21; i++) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  return Math.min(...times);
}

/** An answer as long as the query asks for. */
async function answerOfSize(request: Request): Promise<Response> {
  await request.text();
  return new Response("x".repeat(Number(new URL(request.url).searchParams.get("bytes"))));
}

for (
  const [protocol, http2, swaps] of [
    ["HTTP/2", true, 0],
    ["HTTP/1.1", false, 0],
    ["HTTP/2 after its certificate changed", true, 1],
  ] as const
) {
  Deno.test(`startServer() never waits for an acknowledgement between segments, over ${protocol}`, async () => {
    await using served = await serve({ overlapMs: 0, handler: answerOfSize });
    const first = await certificateOf(served);
    for (let i = 0; i < swaps; i++) served.server.swap(await served.pki.issue());
    while (swaps > 0 && await certificateOf(served) === first) await systemClock().sleep(5);
    const client = served.client(http2);
    const times: number[] = [];
    for (const bytes of [10, 1500, 6000]) {
      times.push(
        await leastMs(async () => {
          const url = `${served.url}?bytes=${bytes}`;
          const response = await fetch(url, { method: "POST", client, body: "{}" });
          assert.equal((await response.text()).length, bytes);
        }),
      );
    }
    const [small = 0, ...longer] = times;
    for (const time of longer) {
      assert.ok(time < 20 && time < small + 15, `least in ms: ${times.join(", ")}`);
    }
  });
}

Deno.test("startServer() reports its port and refuses one that is taken by another program", async () => {
  await using served = await serve();
  assert.ok(served.server.port > 0);
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const identity = await served.pki.issue();
  const { port } = taken.addr;
  await assert.rejects(async () => {
    await startServer(identity, {
      handler: handlerWith(),
      hostname: "127.0.0.1",
      port,
      sockets: UNTUNED,
      clock: systemClock(),
      logger: recordingLogger(),
    }).stop(1000);
  }, Deno.errors.AddrInUse);
  taken.close();
});

/** Sends the head of a request, and one byte of its body. */
async function beginBody(
  { server, pki }: Awaited<ReturnType<typeof serve>>,
  length: number,
): Promise<Deno.TlsConn> {
  const connection = await Deno.connectTls({
    hostname: "127.0.0.1",
    port: server.port,
    caCerts: [pki.authority.cert],
  });
  const head = "POST /mutate-pod HTTP/1.1\r\nhost: webhook\r\ncontent-type: application/json\r\n" +
    `content-length: ${length}\r\n\r\n{`;
  await connection.write(new TextEncoder().encode(head));
  return connection;
}

async function answerOn(connection: Deno.TlsConn): Promise<string> {
  const buffer = new Uint8Array(4096);
  const read = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
}

Deno.test("startServer() answers a body that stalls on the wire and goes on", async () => {
  await using served = await serve({ handler: handlerWith({ bodyDeadlineMs: 50 }) });
  for (const length of [1_000, 1_000_000]) {
    const connection = await beginBody(served, length);
    assert.match(await answerOn(connection), /^HTTP\/1\.1 408 /);
    connection.close();
  }
  assert.equal(await review(served.url, served.client()), 200);
});

Deno.test("startServer() keeps no memory for bodies that are only announced", async () => {
  await using served = await serve({ handler: handlerWith({ bodyDeadlineMs: 500 }) });
  const connections = 40;
  const length = 7_000_000;
  const before = Deno.memoryUsage().rss;
  const begun = await Promise.all(
    Array.from({ length: connections }, () => beginBody(served, length)),
  );
  const answers = await Promise.all(begun.map(answerOn));
  const growth = Deno.memoryUsage().rss - before;
  for (const connection of begun) connection.close();
  assert.ok(answers.every((answer) => answer.startsWith("HTTP/1.1 408 ")));
  assert.ok(growth < connections * length / 2, `${growth} bytes`);
});

Deno.test("startServer() ends within its deadline while a peer has not finished its handshake", async () => {
  const served = await serve();
  const halfOpen = await Deno.connect({ hostname: "127.0.0.1", port: served.server.port });
  await systemClock().sleep(20);
  // It ends while the connection is open.
  const drained = await served.server.stop(100);
  halfOpen.close();
  assert.equal(drained, false);
  await served[Symbol.asyncDispose]();
});

Deno.test("startServer() lets the requests under way end before it stops", async () => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const served = await serve({
    handler: async () => {
      arrived.resolve();
      await release.promise;
      return new Response("done");
    },
  });
  const client = served.client();
  const response = fetch(served.url, { client });
  await arrived.promise;
  const stopped = served.server.stop(5000);
  release.resolve();
  assert.equal(await (await response).text(), "done");
  assert.equal(await stopped, true);
  await served[Symbol.asyncDispose]();
});

Deno.test("openSocketTuning() says once where it cannot be done, and serving goes on", async () => {
  const logger = recordingLogger();
  const sockets = openSocketTuning({ logger, libc: openLibc(["/nowhere/libc.so.6"]) });
  await using served = await serve({ sockets });
  served.server.swap(await served.pki.issue());
  assert.equal(await review(served.url, served.client()), 200);
  assert.deepEqual(logger.lines.map(({ level, message }) => [level, message]), [
    ["warn", "Cannot tune sockets: admission responses can take 40 ms longer"],
  ]);
});

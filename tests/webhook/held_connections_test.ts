import assert from "node:assert/strict";
import { systemClock } from "../../lib/runtime/clock.ts";
import { eventually } from "../support/eventually.ts";
import { serve } from "./serving.ts";

/** Frames of RFC 9113. */
const SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/** Of the first stream, which they also end: `GET https://127.0.0.1/`. */
const HEADERS = [0, 0, 14, 1, 5, 0, 0, 0, 1, 0x82, 0x87, 0x84, 1, 9, ...bytes("127.0.0.1")];
const WINDOW_UPDATE = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const HEAD = 9;
const PING = 6;
const ACK = 1;

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A client with one request in flight when its listener ends. It has read the response, and keeps the connection. */
async function lastRequest(
  { lingerMs, end }: {
    lingerMs: number;
    end(served: Awaited<ReturnType<typeof serve>>): unknown;
  },
) {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const served = await serve({
    overlapMs: 0,
    lingerMs,
    handler: async () => {
      arrived.resolve();
      await released.promise;
      return new Response("done");
    },
  });
  const connection = await Deno.connectTls({
    hostname: "127.0.0.1",
    port: served.server.port,
    caCerts: [served.pki.authority.cert],
    alpnProtocols: ["h2"],
  });
  const write = async (frame: Iterable<number>) => {
    await connection.write(Uint8Array.from(frame));
  };
  await write([...bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ...SETTINGS, ...HEADERS]);
  await arrived.promise;
  await end(served);
  const received: number[] = [];
  const buffer = new Uint8Array(16 * 1024);
  for (;;) {
    const read = await connection.read(buffer);
    if (read === null) break;
    received.push(...buffer.subarray(0, read));
    for (let length; (length = frameLength(received)) <= received.length;) {
      const frame = received.splice(0, length);
      if (frame[3] !== PING || frame[4] === ACK) continue;
      // Tells the server that its GOAWAY has arrived.
      await write(frame.with(4, ACK));
      released.resolve();
    }
  }
  return {
    write,
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

/** Infinite until the frame's head has arrived. */
function frameLength([a, b, c, ...rest]: readonly number[]): number {
  if (a === undefined || b === undefined || c === undefined) return Infinity;
  return rest.length + 3 < HEAD ? Infinity : HEAD + (a << 16 | b << 8 | c);
}

async function swap({ server, pki }: Awaited<ReturnType<typeof serve>>): Promise<void> {
  server.swap(await pki.issue());
}

Deno.test("an old listener resets no connection on which a client still acknowledges responses", async () => {
  await using client = await lastRequest({ lingerMs: 60_000, end: swap });
  for (let i = 0; i < 10; i++) {
    await client.write(WINDOW_UPDATE);
    await systemClock().sleep(5);
  }
  client.close();
});

Deno.test("an old listener does not wait forever until a client closes its connection", async () => {
  await using client = await lastRequest({ lingerMs: 100, end: swap });
  await eventually(() => client.write(WINDOW_UPDATE).then(() => false, () => true), {
    what: "the connection is closed",
  });
  client.close();
});

Deno.test("stop() waits until clients have closed their connections", async () => {
  let stopping: Promise<boolean> | undefined;
  let isStopped = false;
  await using client = await lastRequest({
    lingerMs: 60_000,
    end({ server }) {
      stopping = server.stop(60_000);
      void stopping.then(() => isStopped = true);
    },
  });
  for (let i = 0; i < 10; i++) {
    await client.write(WINDOW_UPDATE);
    await systemClock().sleep(5);
  }
  assert.equal(isStopped, false);
  client.close();
  assert.equal(await stopping, true);
});

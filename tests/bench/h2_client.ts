import { connectTls, type LoadClient, type Target, writeAll } from "./load_client.ts";
import { joined } from "./h1_client.ts";

/** Frame types and flags of RFC 9113. */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

const FRAME_HEAD = 9;
const MAX_FRAME = 16_384;
/** What the server may send before it hears of more room; large, so that it never waits. */
const ROOM = 1 << 30;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

interface Stream {
  status: number;
  resolve(status: number): void;
  reject(error: Error): void;
}

/**
 * One HTTP/2 connection that carries any number of requests at a time, as kube-apiserver calls a webhook: just enough
 * of RFC 9113 and RFC 7541 (header compression) to post bodies that fit a stream's first window, and to learn each
 * answer's status.
 */
export async function connectH2(target: Target): Promise<LoadClient> {
  const connection = await connectTls(target, "h2");
  const streams = new Map<number, Stream>();
  const waiting: { bytes: number; go(): void }[] = [];
  let nextId = 1;
  let sendWindow = 65_535;
  let received = 0;
  let outgoing: Uint8Array[] = [];
  let flushing = false;
  let closed = false;

  function send(...parts: Uint8Array[]): void {
    outgoing.push(...parts);
    if (!flushing) void flush();
  }

  async function flush(): Promise<void> {
    flushing = true;
    // Requests that are made in the same turn go out together.
    await Promise.resolve();
    try {
      while (outgoing.length > 0) {
        const batch = joined(outgoing);
        outgoing = [];
        await writeAll(connection, batch);
      }
    } catch (error) {
      fail(error);
    }
    flushing = false;
  }

  function fail(error: unknown): void {
    if (closed) return;
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of streams.values()) reject(reason);
    streams.clear();
  }

  async function receive(): Promise<void> {
    let buffer: Uint8Array = new Uint8Array(256 * 1024);
    let filled = 0;
    while (true) {
      const read = await connection.read(buffer.subarray(filled));
      if (read === null) throw new Error("the server closed the connection");
      filled += read;
      let at = 0;
      while (filled - at >= FRAME_HEAD) {
        const length = FRAME_HEAD + readUint24(buffer, at);
        if (filled - at < length) break;
        take(buffer.subarray(at, at + length));
        at += length;
      }
      buffer.copyWithin(0, at, filled);
      filled -= at;
      if (filled === buffer.byteLength) buffer = joined([buffer, new Uint8Array(filled)]);
    }
  }

  function take(bytes: Uint8Array): void {
    const type = bytes[3] ?? 0;
    const flags = bytes[4] ?? 0;
    const id = readUint32(bytes, 5);
    const stream = streams.get(id);
    switch (type) {
      case HEADERS:
        if (stream) stream.status = statusOf(bytes.subarray(FRAME_HEAD));
        break;
      case DATA:
        received += bytes.byteLength - FRAME_HEAD;
        if (received > ROOM / 2) {
          send(windowUpdate(received));
          received = 0;
        }
        break;
      case RST_STREAM:
        stream?.reject(new Error("the server reset the stream"));
        streams.delete(id);
        return;
      case SETTINGS:
        if ((flags & ACK) === 0) send(frame(SETTINGS, { flags: ACK }));
        return;
      case PING:
        if ((flags & ACK) === 0) {
          send(frame(PING, { flags: ACK, payload: bytes.slice(FRAME_HEAD) }));
        }
        return;
      case GOAWAY:
        throw new Error("the server is going away");
      case WINDOW_UPDATE:
        if (id === 0) {
          sendWindow += readUint32(bytes, FRAME_HEAD);
          admit();
        }
        return;
      default:
        return;
    }
    if (stream && (flags & END_STREAM) !== 0) {
      streams.delete(id);
      stream.resolve(stream.status);
    }
  }

  /** Lets requests go whose bodies the connection's window has room for. */
  function admit(): void {
    while (waiting[0] && waiting[0].bytes <= sendWindow) {
      const next = waiting.shift();
      if (!next) return;
      sendWindow -= next.bytes;
      next.go();
    }
  }

  send(
    new TextEncoder().encode(PREFACE),
    frame(SETTINGS, { payload: settings() }),
    windowUpdate(ROOM),
  );
  receive().catch(fail);

  return {
    post(body) {
      return new Promise((resolve, reject) => {
        waiting.push({
          bytes: body.byteLength,
          go() {
            const id = nextId;
            nextId += 2;
            streams.set(id, { status: 0, resolve, reject });
            send(...requestFrames(target, { id, body }));
          },
        });
        admit();
      });
    },
    close() {
      closed = true;
      connection.close();
    },
  };
}

function requestFrames(
  target: Target,
  { id, body }: { id: number; body: Uint8Array },
): Uint8Array[] {
  const head = joined([
    // Indexed fields of the static table: ":method: POST" and ":scheme: https".
    new Uint8Array([0x83, 0x87]),
    literal([0x04], target.path),
    literal([0x01], `127.0.0.1:${target.port}`),
    literal([0x0f, 31 - 15], "application/json"),
    literal([0x0f, 28 - 15], String(body.byteLength)),
  ]);
  const frames = [frame(HEADERS, { flags: END_HEADERS, id, payload: head })];
  for (let at = 0; at < body.byteLength; at += MAX_FRAME) {
    const payload = body.subarray(at, at + MAX_FRAME);
    const flags = at + MAX_FRAME >= body.byteLength ? END_STREAM : 0;
    frames.push(frame(DATA, { flags, id, payload }));
  }
  return frames;
}

/**
 * A header field whose name is in the static table, not to be indexed, its value of at most 126 bytes not compressed.
 */
function literal(name: readonly number[], value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return joined([new Uint8Array([...name, bytes.byteLength]), bytes]);
}

/** 200 where the block begins with the static table's ":status: 200", past an update of the table's size; else 0. */
function statusOf(block: Uint8Array): number {
  let at = 0;
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  return block[at] === 0x88 ? 200 : 0;
}

function frame(
  type: number,
  { flags = 0, id = 0, payload = new Uint8Array() }: {
    flags?: number;
    id?: number;
    payload?: Uint8Array;
  },
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEAD + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.byteLength << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, id);
  bytes.set(payload, FRAME_HEAD);
  return bytes;
}

/** SETTINGS_ENABLE_PUSH off, SETTINGS_INITIAL_WINDOW_SIZE large. */
function settings(): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 2);
  view.setUint16(6, 4);
  view.setUint32(8, ROOM);
  return bytes;
}

function windowUpdate(increment: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, increment);
  return frame(WINDOW_UPDATE, { payload });
}

function readUint24(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) >>> 8;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
}

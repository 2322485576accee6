import { connectTls, type LoadClient, type Target, writeAll } from "./load_client.ts";

const HEAD_END = new TextEncoder().encode("\r\n\r\n");

/** One HTTP/1.1 connection, one request at a time. */
export async function connectH1(target: Target): Promise<LoadClient> {
  const connection = await connectTls(target, "http/1.1");
  const buffer = new Uint8Array(64 * 1024);
  const decoder = new TextDecoder();

  async function readMore(filled: number): Promise<number> {
    const read = await connection.read(buffer.subarray(filled));
    if (read === null) throw new Error("Cannot read the answer: the server closed the connection");
    return filled + read;
  }

  return {
    async post(body) {
      const head = `POST ${target.path} HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.byteLength}\r\n\r\n`;
      await writeAll(connection, joined([new TextEncoder().encode(head), body]));
      let filled = await readMore(0);
      let end = indexOf(buffer.subarray(0, filled), HEAD_END);
      while (end < 0) {
        filled = await readMore(filled);
        end = indexOf(buffer.subarray(0, filled), HEAD_END);
      }
      const answer = decoder.decode(buffer.subarray(0, end));
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1]);
      while (filled < end + HEAD_END.length + length) filled = await readMore(filled);
      return Number(answer.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    },
    close: () => connection.close(),
  };
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function indexOf(bytes: Uint8Array, sequence: Uint8Array): number {
  for (let at = 0; at + sequence.length <= bytes.length; at++) {
    if (sequence.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

import type { Logger } from "../api/logger.ts";
import {
  addressOf,
  type Libc,
  listenersOn,
  openLibc,
  readSocketOption,
  type SocketOption,
  SOL_SOCKET,
} from "./libc.ts";

/** What Deno.serve leaves undone on its listening sockets. */
export interface SocketTuning {
  /**
   * Sets TCP_NODELAY on the newest listener of a port, from which Linux hands it down to every connection that it
   * accepts. Deno.serve does not do it over TLS, and an answer of more than about 1 KB then waits 44 ms for the peer's
   * delayed acknowledgement.
   */
  noDelay(port: number): void;
  /**
   * Sends the new connections of a port to one of the listeners that share it, by its place among them. The kernel
   * counts them in the order in which they began to listen, and moves the last one to the place of one that ends; a
   * place that is not there means any of them.
   */
  steer(port: number, place: number): void;
  close(): void;
}

export interface SocketTuningOptions {
  readonly logger: Logger;
  /** @default LIBC_PATHS of this machine */
  readonly libcPaths?: readonly string[];
}

const TCP_NODELAY: SocketOption = { level: 6, name: 1 };
const SO_ATTACH_REUSEPORT_CBPF: SocketOption = { level: SOL_SOCKET, name: 51 };

/**
 * Opens libc at once and keeps it, so that the caller may revoke the `ffi` permission and listeners that are opened
 * later are tuned too. Where that cannot be done it says so once, and what it returns does nothing.
 */
export function openSocketTuning({ logger, libcPaths }: SocketTuningOptions): SocketTuning {
  const libc = openLibc(libcPaths);
  if (typeof libc === "string") {
    logger.warn("Cannot tune sockets: admission answers may take 40 ms longer", { reason: libc });
    return { noDelay() {}, steer() {}, close() {} };
  }
  const program = constantProgram(libc);
  return {
    noDelay(port) {
      if (!mendNewest(libc, port)) logger.warn("Cannot set TCP_NODELAY on the listener", { port });
    },
    steer(port, place) {
      const [fd] = listenersOn(libc, port);
      const { level, name } = SO_ATTACH_REUSEPORT_CBPF;
      const bytes = program.returning(place);
      if (fd === undefined || libc.symbols.setsockopt(fd, level, name, bytes, bytes.length) !== 0) {
        logger.warn("Cannot keep new connections from the old listener", { port });
      }
    },
    close: () => libc.close(),
  };
}

function mendNewest(libc: Libc, port: number): boolean {
  const on = new Int32Array([1]);
  for (const fd of listenersOn(libc, port)) {
    // During a change of certificate the old listener of the port has it already.
    if (readSocketOption(libc, { fd, option: TCP_NODELAY }) !== 0) continue;
    const { level, name } = TCP_NODELAY;
    return libc.symbols.setsockopt(fd, level, name, on, on.byteLength) === 0;
  }
  return false;
}

/**
 * A `sock_fprog` of one classic BPF instruction, "return this number". Its buffers are no small typed arrays, which the
 * garbage collector may move.
 */
function constantProgram(libc: Libc): { returning(value: number): Uint8Array<ArrayBuffer> } {
  const BPF_RET = 6;
  const instruction = new DataView(new ArrayBuffer(8));
  instruction.setUint16(0, BPF_RET, true);
  const program = new DataView(new ArrayBuffer(16));
  program.setUint16(0, 1, true);
  program.setBigUint64(8, addressOf(libc, new Uint8Array(instruction.buffer)), true);
  return {
    returning(value) {
      instruction.setUint32(4, value, true);
      return new Uint8Array(program.buffer);
    },
  };
}

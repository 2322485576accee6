import type { Logger } from "../api/logger.ts";
import { ConnectionHolder, type HeldConnections } from "./held_connections.ts";
import {
  addressOf,
  isListenerOn,
  type Libc,
  listenersOn,
  openLibc,
  readSocketOption,
  type SocketOption,
  SOL_SOCKET,
} from "./libc.ts";

/** Options of Deno.serve's listening sockets that Deno has no API for. */
export interface SocketTuning {
  /**
   * Sets TCP_NODELAY on the newest listener of a port; Linux copies it to accepted connections. Deno.serve does not set
   * it over TLS, so a response of more than about 1 KB waits 44 ms for the client's delayed acknowledgement.
   *
   * @returns the listener's descriptor, if it is known
   */
  noDelay(port: number): number | undefined;
  /** Whether the descriptor is that of an open listener of the port. */
  isListening(descriptor: number, port: number): boolean;
  /**
   * Directs new connections of a port to one of its listeners. Without it the kernel distributes them, and an old
   * listener serves an expired or no longer trusted certificate until it ends.
   *
   * @param place Index of the listener in the kernel's order: listeners are appended, and the last one takes the index
   * of one that ends. An index without a listener means any
   */
  steer(port: number, place: number): void;
  /**
   * Keeps the present connections of a port open in the kernel when Deno closes them. Deno closes an HTTP/2 connection
   * with its last response. The client, which has not read it yet, can still send frames; to those the kernel would
   * answer with a reset, for which a client in Go fails all requests whose responses it has not read.
   */
  hold(port: number): HeldConnections;
  close(): void;
}

interface SocketTuningOptions {
  readonly logger: Logger;
  /** The C library, or why it cannot be opened. Is closed with the result. @default {openLibc()} */
  readonly libc?: Libc | string;
}

/** Changes nothing. */
export const UNTUNED: SocketTuning = {
  noDelay: () => undefined,
  isListening: () => false,
  steer() {},
  hold: () => ({ areClosing: () => false, release() {} }),
  close() {},
};

const TCP_NODELAY: SocketOption = { level: 6, name: 1 };
const SO_ATTACH_REUSEPORT_CBPF: SocketOption = { level: SOL_SOCKET, name: 51 };

/**
 * Keeps libc open for later listeners, so that the caller can revoke the `ffi` permission. Without libc it logs a
 * warning once, and the result does nothing.
 */
export function openSocketTuning(
  { logger, libc = openLibc() }: SocketTuningOptions,
): SocketTuning {
  if (typeof libc === "string") {
    logger.warn("Cannot tune sockets: admission responses can take 40 ms longer", { reason: libc });
    return UNTUNED;
  }
  const program = constantProgram(libc);
  const connections = new ConnectionHolder(libc);
  return {
    noDelay(port) {
      const descriptor = setNoDelay(libc, port);
      if (descriptor === undefined) {
        logger.warn("Cannot set TCP_NODELAY on the listener", { port });
      }
      return descriptor;
    },
    isListening: (descriptor, port) => isListenerOn(libc, { fd: descriptor, port }),
    steer(port, place) {
      const [fd] = listenersOn(libc, port);
      const { level, name } = SO_ATTACH_REUSEPORT_CBPF;
      const bytes = program.returning(place);
      if (fd === undefined || libc.symbols.setsockopt(fd, level, name, bytes, bytes.length) !== 0) {
        logger.warn("Cannot direct new connections to the new listener", { port });
      }
    },
    hold: (port) => connections.hold(port),
    close() {
      connections.close();
      libc.close();
    },
  };
}

/** @returns the descriptor of the newest listener */
function setNoDelay(libc: Libc, port: number): number | undefined {
  const on = new Int32Array([1]);
  for (const fd of listenersOn(libc, port)) {
    // During a change of certificate the old listener of the port already has it.
    if (readSocketOption(libc, { fd, option: TCP_NODELAY }) !== 0) continue;
    const { level, name } = TCP_NODELAY;
    return libc.symbols.setsockopt(fd, level, name, on, on.byteLength) === 0 ? fd : undefined;
  }
  return undefined;
}

/**
 * A `sock_fprog` with one classic BPF instruction, which returns a constant. Its buffers are not small typed arrays,
 * which the garbage collector can move.
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

import {
  connectionsOn,
  duplicate,
  type Libc,
  readSocketOption,
  type SocketOption,
} from "./libc.ts";

/** Connections that stay open in the kernel when Deno closes them. */
export interface HeldConnections {
  /** Whether Deno has closed one of them that its client has not closed yet. */
  areClosing(): boolean;
  /** Closes those that Deno has closed; the others are as if they had not been held. */
  release(): void;
}

/** `struct tcp_info` begins with the state of the connection, in one byte. */
const TCP_INFO: SocketOption = { level: 6, name: 11 };
const FIN_WAIT1 = 4;
const FIN_WAIT2 = 5;

/** Holds connections by duplicates of their descriptors. */
export class ConnectionHolder {
  readonly #libc: Libc;
  /** Of all calls, so that a call does not hold the duplicates of an earlier one. */
  readonly #duplicates = new Set<number>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Holds all present connections of a port. */
  hold(port: number): HeldConnections {
    const held = [...connectionsOn(this.#libc, port)]
      .filter((fd) => !this.#duplicates.has(fd))
      .map((fd) => duplicate(this.#libc, fd))
      .filter((fd) => fd >= 0);
    for (const fd of held) this.#duplicates.add(fd);
    return {
      areClosing: () => held.some((fd) => this.#isClosing(fd)),
      release: () => held.forEach((fd) => this.#release(fd)),
    };
  }

  /** Releases all. */
  close(): void {
    for (const fd of this.#duplicates) this.#release(fd);
  }

  #isClosing(fd: number): boolean {
    if (!this.#duplicates.has(fd)) return false;
    const state = (readSocketOption(this.#libc, { fd, option: TCP_INFO }) ?? 0) & 0xff;
    return state === FIN_WAIT1 || state === FIN_WAIT2;
  }

  #release(fd: number): void {
    if (this.#duplicates.delete(fd)) this.#libc.symbols.close(fd);
  }
}

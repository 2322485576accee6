import type { Logger } from "../api/logger.ts";

/**
 * Where glibc is, for `--allow-ffi`: Debian's places and distroless', then Fedora's.
 */
export const LIBC_PATHS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"],
  aarch64: ["/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"],
};

const SYMBOLS = {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
} as const;
type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

// Linux' numbers, the same on x86_64 and aarch64.
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
/** Descriptors are given out from the lowest; the search ends at the first listener that wants mending. */
const HIGHEST_FD = 65_535;
/** Of `sockaddr_in6`, the longest that is of interest; the port is at bytes 2 and 3 of both kinds. */
const ADDRESS_BYTES = 28;

export interface NoDelay {
  /**
   * Sets TCP_NODELAY on the listener of a port, from which Linux hands it down to every connection that it accepts. Deno.serve does not do
   * it over TLS, and an answer of more than about 1 KB then waits 44 ms for the peer's delayed acknowledgement.
   */
  apply(port: number): void;
  close(): void;
}

export interface NoDelayOptions {
  readonly logger: Logger;
  /** @default LIBC_PATHS of this machine */
  readonly libcPaths?: readonly string[];
}

/**
 * Opens libc at once and keeps it, so that the caller may revoke the `ffi` permission and listeners that are opened later are mended too.
 * Where that cannot be done it says so once, and `apply()` does nothing.
 */
export function openNoDelay(options: NoDelayOptions): NoDelay {
  const { logger } = options;
  const opened = openLibc(options.libcPaths ?? LIBC_PATHS[Deno.build.arch] ?? []);
  if (typeof opened === "string") {
    logger.warn("Cannot set TCP_NODELAY: admission answers may take 40 ms longer", {
      reason: opened,
    });
    return { apply() {}, close() {} };
  }
  return {
    apply(port) {
      if (!mendListener(opened.symbols, port)) {
        logger.warn("Cannot set TCP_NODELAY: the listener was not found", { port });
      }
    },
    close: () => opened.close(),
  };
}

/** libc, or why it cannot be had. */
function openLibc(paths: readonly string[]): Libc | string {
  if (Deno.build.os !== "linux") return `not done on ${Deno.build.os}`;
  let reason = `no place of libc is known for ${Deno.build.arch}`;
  for (const path of paths) {
    // Asking first, because opening would ask the user on a terminal.
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") {
      reason = `--allow-ffi=${path} is not given`;
      continue;
    }
    try {
      return Deno.dlopen(path, SYMBOLS);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  return reason;
}

function mendListener(libc: Libc["symbols"], port: number): boolean {
  for (let fd = 3; fd <= HIGHEST_FD; fd++) {
    if (readOption(libc, { fd, level: SOL_SOCKET, name: SO_ACCEPTCONN }) !== 1) continue;
    if (portOf(libc, fd) !== port) continue;
    // During a change of certificate two listeners share the port, and the old one has it already.
    if (readOption(libc, { fd, level: IPPROTO_TCP, name: TCP_NODELAY }) !== 0) continue;
    return libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, new Int32Array([1]), 4) === 0;
  }
  return false;
}

function readOption(
  libc: Libc["symbols"],
  option: { fd: number; level: number; name: number },
): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  const result = libc.getsockopt(option.fd, option.level, option.name, value, length);
  return result === 0 ? value[0] : undefined;
}

function portOf(libc: Libc["symbols"], fd: number): number | undefined {
  const address = new Uint8Array(ADDRESS_BYTES);
  const length = new Uint32Array([ADDRESS_BYTES]);
  if (libc.getsockname(fd, address, length) !== 0) return undefined;
  return new DataView(address.buffer).getUint16(2);
}

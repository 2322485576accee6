/** Paths of glibc for `--allow-ffi`: Debian and distroless, then Fedora. */
const LIBC_PATHS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"],
  aarch64: ["/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"],
};

const SYMBOLS = {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  memset: { parameters: ["buffer", "i32", "usize"], result: "usize" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  // Only glibc has it. It can take 20 ms, and has a thread of its own for that.
  malloc_trim: { parameters: ["usize"], result: "i32", nonblocking: true, optional: true },
} as const;
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** A socket option by the numbers of the C library. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
}

// Linux' constants, the same on x86_64 and aarch64.
export const SOL_SOCKET = 1;
const SO_ACCEPTCONN: SocketOption = { level: SOL_SOCKET, name: 30 };
const F_DUPFD_CLOEXEC = 1030;
/** The kernel assigns the lowest free descriptor, so searches are short. */
const MAX_FD = 65_535;
/** Descriptors in a row without a connection, after which a search for connections ends. */
const MAX_GAP = 1_024;
/** Size of `sockaddr_in6`, the longest address of an IP socket; both kinds have the port at bytes 2 and 3. */
const ADDRESS_BYTES = 28;

/**
 * Opens libc.
 *
 * @returns the library, or why it cannot be opened
 */
export function openLibc(paths = LIBC_PATHS[Deno.build.arch] ?? []): Libc | string {
  if (Deno.build.os !== "linux") return `not supported on ${Deno.build.os}`;
  let reason = `the path of libc is unknown for ${Deno.build.arch}`;
  for (const path of paths) {
    // dlopen() without the permission would prompt on a terminal.
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

/** Descriptors of this process' listeners on a port. Reading `/proc` would need all permissions. */
export function* listenersOn(libc: Libc, port: number): Generator<number, void> {
  for (let fd = 3; fd <= MAX_FD; fd++) {
    if (isListenerOn(libc, { fd, port })) yield fd;
  }
}

/** Whether the descriptor is that of a listener on the port. */
export function isListenerOn(libc: Libc, { fd, port }: { fd: number; port: number }): boolean {
  return readSocketOption(libc, { fd, option: SO_ACCEPTCONN }) === 1 && portOf(libc, fd) === port;
}

/** Descriptors of this process' connections that were accepted on a port. */
export function* connectionsOn(libc: Libc, port: number): Generator<number, void> {
  for (let fd = 3, gap = 0; fd <= MAX_FD && gap < MAX_GAP; fd++, gap++) {
    const isConnection = readSocketOption(libc, { fd, option: SO_ACCEPTCONN }) === 0;
    if (!isConnection || portOf(libc, fd) !== port) continue;
    yield fd;
    gap = 0;
  }
}

/** Duplicates a descriptor, not for child processes. @returns negative if it cannot */
export function duplicate({ symbols }: Libc, fd: number): number {
  return symbols.fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/** Address of a buffer, which memset() returns. Deno.UnsafePointer.of() needs the permission for every library. */
export function addressOf({ symbols }: Libc, buffer: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(symbols.memset(buffer, 0, 0n));
}

/** A numeric socket option; undefined if the descriptor is not a socket or lacks the option. */
export function readSocketOption(
  { symbols }: Pick<Libc, "symbols">,
  { fd, option }: { fd: number; option: SocketOption },
): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  const result = symbols.getsockopt(fd, option.level, option.name, value, length);
  return result === 0 ? value[0] : undefined;
}

function portOf({ symbols }: Pick<Libc, "symbols">, fd: number): number | undefined {
  const address = new Uint8Array(ADDRESS_BYTES);
  const length = new Uint32Array([ADDRESS_BYTES]);
  if (symbols.getsockname(fd, address, length) !== 0) return undefined;
  return new DataView(address.buffer).getUint16(2);
}

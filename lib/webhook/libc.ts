/** Where glibc is, for `--allow-ffi`: Debian's places and distroless', then Fedora's. */
export const LIBC_PATHS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"],
  aarch64: ["/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"],
};

const SYMBOLS = {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  memset: { parameters: ["buffer", "i32", "usize"], result: "usize" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
} as const;
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

export interface SocketOption {
  readonly level: number;
  readonly name: number;
}

// Linux' numbers, the same on x86_64 and aarch64.
export const SOL_SOCKET = 1;
const SO_ACCEPTCONN: SocketOption = { level: SOL_SOCKET, name: 30 };
/** Descriptors are given out from the lowest, so that a search rarely gets far. */
const HIGHEST_FD = 65_535;
/** Of `sockaddr_in6`, the longest that is of interest; the port is at bytes 2 and 3 of both kinds. */
const ADDRESS_BYTES = 28;

/** Opens libc, or says why that cannot be done. */
export function openLibc(paths = LIBC_PATHS[Deno.build.arch] ?? []): Libc | string {
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

/** Descriptors of this process' listeners on a port, found without `/proc`, which would need all permissions. */
export function* listenersOn({ symbols }: Libc, port: number): Generator<number, void> {
  for (let fd = 3; fd <= HIGHEST_FD; fd++) {
    const isListener = readSocketOption({ symbols }, { fd, option: SO_ACCEPTCONN }) === 1;
    if (isListener && portOf({ symbols }, fd) === port) yield fd;
  }
}

/** Where a buffer is, as memset() answers; Deno.UnsafePointer.of() wants the permission for every library. */
export function addressOf({ symbols }: Libc, buffer: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(symbols.memset(buffer, 0, 0n));
}

/** An option that is a number; undefined where the descriptor is no socket or has no such option. */
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

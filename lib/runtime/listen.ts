/** An address to listen on, and the setting that changes it. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
  /** The setting to change where the port is taken, such as `--webhook-port`. */
  readonly setting: string;
}

/** The process cannot listen on an address that it needs. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor({ hostname, port, setting }: ListenAddress, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot listen on ${hostname}:${port}: ${reason}; free the port or change ${setting}`, {
      cause,
    });
  }
}

/**
 * Checks that an address can be listened on, without `SO_REUSEPORT`, so that it fails for a port that another process
 * listens on with it.
 *
 * @throws {ListenError} if it cannot
 */
export function requireFree(address: ListenAddress): void {
  try {
    Deno.listen({ hostname: address.hostname, port: address.port }).close();
  } catch (cause) {
    throw new ListenError(address, cause);
  }
}

/** What to listen on for all addresses of this machine, of both families where one socket serves both. */
export function everyAddress(): string {
  try {
    using listener = Deno.listen({ hostname: "::", port: 0 });
    return isTaken({ hostname: "0.0.0.0", port: listener.addr.port }) ? "::" : "0.0.0.0";
  } catch {
    // A kernel without IPv6.
    return "0.0.0.0";
  }
}

function isTaken(address: { hostname: string; port: number }): boolean {
  try {
    Deno.listen(address).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return true;
    throw error;
  }
}

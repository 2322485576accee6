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

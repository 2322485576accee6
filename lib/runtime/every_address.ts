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

/**
 * TCP ports of 127.0.0.1 that are free now, all different. Another process may take one before it is used: a server
 * that then cannot listen has to be started again with others.
 */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  try {
    return listeners.map(({ addr }) => addr.port);
  } finally {
    for (const listener of listeners) listener.close();
  }
}

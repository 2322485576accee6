/** Where the load goes. */
export interface Target {
  readonly port: number;
  readonly path: string;
  /** PEM text of the authority that vouches for the server. */
  readonly ca: string;
}

export interface LoadClient {
  /** Posts a body, reads the whole answer and gives its status. */
  post(body: Uint8Array): Promise<number>;
  close(): void;
}

/**
 * A TLS connection to 127.0.0.1 on which the client holds back no segment. `fetch` cannot be used: over HTTP/2 its
 * own requests of several segments wait 44 ms for an acknowledgement, which would be taken for the server's doing.
 */
export async function connectTls(
  target: Target,
  protocol: "http/1.1" | "h2",
): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: target.port });
  tcp.setNoDelay(true);
  const tls = await Deno.startTls(tcp, {
    hostname: "127.0.0.1",
    caCerts: [target.ca],
    alpnProtocols: [protocol],
  });
  await tls.handshake();
  return tls;
}

export async function writeAll(connection: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) written += await connection.write(bytes.subarray(written));
}

/** The listener to call, and the certificate that it must serve. */
export interface SelfCheckOptions {
  /** Address of the listener. */
  readonly hostname: string;
  readonly port: number;
  /** Name in the certificate. */
  readonly serverName: string;
  /** PEM text. */
  readonly caBundle: string;
  readonly deadlineMs: number;
}

/** Address of a listener on all interfaces. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "127.0.0.1" };

/**
 * Calls the listener as an API server does: by its DNS name, with the registered CA bundle only.
 *
 * @returns the problem; undefined if it responds
 */
export async function selfCheck(options: SelfCheckOptions): Promise<string | undefined> {
  let connection: Deno.Conn | undefined;
  const timer = setTimeout(() => connection?.close(), options.deadlineMs);
  try {
    const tcp = await Deno.connect({
      hostname: LOOPBACK[options.hostname] ?? options.hostname,
      port: options.port,
    });
    connection = tcp;
    const tls = await Deno.startTls(tcp, {
      hostname: options.serverName,
      caCerts: [options.caBundle],
    });
    connection = tls;
    await tls.write(new TextEncoder().encode(
      `GET / HTTP/1.1\r\nHost: ${options.serverName}\r\nConnection: close\r\n\r\n`,
    ));
    const answer = new Uint8Array(16);
    const length = await tls.read(answer);
    const status = new TextDecoder().decode(answer.subarray(0, length ?? 0));
    return status.startsWith("HTTP/1.1 ") ? undefined : "the listener gave no HTTP answer";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
    try {
      connection?.close();
    } catch {
      // The deadline or startTls() has closed it.
    }
  }
}

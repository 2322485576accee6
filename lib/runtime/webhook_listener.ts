import type { CertificateListener, ServingCertificate } from "../webhook/certificates/source.ts";
import { startServer, type WebhookServer, type WebhookServerOptions } from "../webhook/server.ts";
import { type ListenAddress, ListenError, requireFree } from "./listen.ts";

interface WebhookListenerOptions extends WebhookServerOptions {
  /** Called when the address cannot be listened on: the process cannot do its work. */
  onListenError(error: ListenError): void;
}

/** The webhook's server, which starts with the first certificate. */
interface WebhookListener extends Pick<CertificateListener, "onCertificate"> {
  /** Undefined until it listens. */
  server(): WebhookServer | undefined;
}

/**
 * Checks the address, and starts the server with the first certificate. `onCertificate` throws if a certificate cannot
 * be served; the previous one stays.
 *
 * @throws {ListenError} if the address cannot be listened on
 */
export function createWebhookListener(options: WebhookListenerOptions): WebhookListener {
  const { hostname, port, onListenError } = options;
  const address = { hostname, port, setting: "--webhook-port" };
  requireFree(address);
  let server: WebhookServer | undefined;

  function start(certificate: ServingCertificate): WebhookServer {
    try {
      return startServer(certificate, options);
    } catch (error) {
      const problem = listenProblem(address);
      if (!problem) throw error;
      onListenError(problem);
      throw problem;
    }
  }

  return {
    server: () => server,
    onCertificate(certificate) {
      if (server) server.swap(certificate);
      else server = start(certificate);
    },
  };
}

/** Distinguishes an address that cannot be listened on from a certificate that cannot be used. */
function listenProblem(address: ListenAddress): ListenError | undefined {
  try {
    requireFree(address);
    return undefined;
  } catch (error) {
    if (error instanceof ListenError) return error;
    throw error;
  }
}

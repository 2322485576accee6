import { X509Certificate } from "node:crypto";
import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { AUTHORITY_SECRET, REPLICA_CERTIFICATE_ANNOTATION } from "../api/names.ts";
import { trusts } from "../controller/registration/configuration.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { createFileSource } from "../webhook/certificates/file_source.ts";
import { createSecretSource } from "../webhook/certificates/secret_source.ts";
import { secretStore } from "../webhook/certificates/secret_store.ts";
import { servingNames } from "../webhook/certificates/issue.ts";
import type { CertificateListener, CertificateSource } from "../webhook/certificates/source.ts";
import type { Config } from "./config.ts";

interface CertificatesOptions {
  readonly config: Config;
  readonly client: RestClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly index: ClusterIndex;
}

/** The webhook's certificates and their subscribers. */
interface Certificates {
  readonly source: CertificateSource;
  /** The name that API servers expect in the certificate. */
  readonly serverName: string;
  /** The fingerprint of the serving certificate, as an annotation of the replica's Lease. */
  facts(): Readonly<Record<string, string>>;
  /** How often to look for what has changed or is due, in milliseconds. */
  readonly pollMs: number;
  /** Sets the listener for new certificates and bundles; called before the source is first checked. */
  subscribe(listener: CertificateListener): void;
}

/** How long API servers may take to get a registration; a short-lived authority waits for a part of its life. */
const SETTLE_SECONDS = 60;
const POLL_MS = 10_000;

/** The webhook's certificate: from a mounted folder, or of the installation's own authority. */
export function createCertificates(options: CertificatesOptions): Certificates {
  const { config, client, index, clock, logger } = options;
  const names = servingNames(
    config.webhookUrl
      ? { url: config.webhookUrl }
      : { service: config.serviceName, namespace: config.namespace },
  );
  let subscriber: CertificateListener | undefined;
  const listener: CertificateListener = {
    onCertificate: (certificate) => subscriber?.onCertificate(certificate),
    onCaBundle: (bundle) => subscriber?.onCaBundle(bundle),
  };
  const settling = {
    clock,
    settleSeconds: Math.min(SETTLE_SECONDS, config.authoritySeconds / 12),
    isTrusted(authority: string) {
      const entries = [...index.registrations.values()].flatMap(({ webhooks = [] }) => webhooks);
      return trusts(entries, authority);
    },
  };
  const source = config.certDir
    ? createFileSource({ ...settling, folder: config.certDir, listener })
    : createSecretSource({
      ...settling,
      store: secretStore({ client, namespace: config.namespace, name: AUTHORITY_SECRET }),
      names,
      listener,
      logger,
      certificateSeconds: config.certificateSeconds,
      authoritySeconds: config.authoritySeconds,
    });
  return {
    source,
    pollMs: Math.min(POLL_MS, config.certificateSeconds * 1_000 / 12),
    facts() {
      const { cert } = source.current() ?? {};
      if (cert === undefined) return {};
      return { [REPLICA_CERTIFICATE_ANNOTATION]: new X509Certificate(cert).fingerprint256 };
    },
    serverName: names.dns[0] ?? names.ip[0] ?? "",
    subscribe: (next) => subscriber = next,
  };
}

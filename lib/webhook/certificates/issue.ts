import { isIP } from "node:net";
import type { AuthorityIdentity, TlsIdentity, Validity } from "./identity.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Certificates are backdated, by at most a tenth of their lifetime, for clients with a slow clock. */
const BACKDATE_MS = 5 * 60 * 1000;

/** Subject alternative names of a serving certificate. */
export interface ServingNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

interface IssueOptions {
  readonly now: Date;
  readonly lifetimeSeconds: number;
}

/** The names for a webhook: DNS name of its Service, or the host of its URL. */
export function servingNames(
  endpoint: { readonly service: string; readonly namespace: string } | { readonly url: string },
): ServingNames {
  if ("service" in endpoint) {
    return { dns: [`${endpoint.service}.${endpoint.namespace}.svc`], ip: [] };
  }
  const host = new URL(endpoint.url).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) ? { dns: [], ip: [host] } : { dns: [host], ip: [] };
}

/** Issues a self-signed certificate authority. */
export async function issueAuthority(options: IssueOptions): Promise<AuthorityIdentity> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const validity = validityOf(options);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // A unique name, so that a client never mistakes the old CA for the issuer.
    name: `CN=sidecarset-webhook-ca-${crypto.randomUUID()}`,
    keys,
    ...validity,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: await privateKeyPem(keys.privateKey),
    ...validity,
  };
}

/** Issues a serving certificate for the names. Its validity lies within that of its CA. */
export async function issueServingCertificate(
  authority: AuthorityIdentity,
  options: IssueOptions & { readonly names: ServingNames },
): Promise<TlsIdentity & Validity> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const issuer = new x509.X509Certificate(authority.cert);
  const { notBefore, notAfter } = validityOf(options);
  const validity = {
    notBefore: notBefore < authority.notBefore ? authority.notBefore : notBefore,
    notAfter: notAfter > authority.notAfter ? authority.notAfter : notAfter,
  };
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=sidecarset-webhook",
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importPrivateKey(authority.key),
    ...validity,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...options.names.dns.map((value) => ({ type: "dns" as const, value })),
        ...options.names.ip.map((value) => ({ type: "ip" as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: await privateKeyPem(keys.privateKey),
    ...validity,
  };
}

/** Certificates store whole seconds. */
function validityOf({ now, lifetimeSeconds }: IssueOptions): Validity {
  const lifeMs = lifetimeSeconds * 1000;
  const begin = now.getTime() - Math.min(BACKDATE_MS, lifeMs / 10);
  const wholeSeconds = (milliseconds: number) => new Date(Math.floor(milliseconds / 1000) * 1000);
  return { notBefore: wholeSeconds(begin), notAfter: wholeSeconds(now.getTime() + lifeMs) };
}

/** Loaded on demand: it costs 75 ms and 20 MB. */
async function loadX509() {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  const lines = der.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

function importPrivateKey(pem: string): Promise<CryptoKey> {
  const der = Uint8Array.fromBase64(pem.replace(/-----(BEGIN|END) PRIVATE KEY-----/g, ""));
  return crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

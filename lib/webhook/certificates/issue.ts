import { isIP } from "node:net";
import type { AuthorityIdentity, TlsIdentity, Validity } from "./identity.ts";
import {
  ALGORITHM,
  authorityExtensions,
  commonName,
  derOf,
  pemText,
  servingExtensions,
  type ServingNames,
  signCertificate,
  subjectOf,
} from "./x509.ts";

/** Certificates are backdated, by at most a tenth of their lifetime, for clients with a slow clock. */
const BACKDATE_MS = 5 * 60 * 1000;

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
  const keys = await generateKeys();
  const publicKey = await publicKeyOf(keys);
  const validity = validityOf(options);
  // A unique name, so that a client never mistakes the old CA for the issuer.
  const name = commonName(`sidecarset-webhook-ca-${crypto.randomUUID()}`);
  const extensions = await authorityExtensions(publicKey);
  const cert = await signCertificate(
    { issuer: name, subject: name, validity, publicKey, extensions },
    keys.privateKey,
  );
  return { cert, key: await privateKeyPem(keys.privateKey), ...validity };
}

/** Issues a serving certificate for the names. Its validity lies within that of its CA. */
export async function issueServingCertificate(
  authority: AuthorityIdentity,
  options: IssueOptions & { readonly names: ServingNames },
): Promise<TlsIdentity & Validity> {
  const keys = await generateKeys();
  const issuer = subjectOf(derOf(authority.cert));
  const { notBefore, notAfter } = validityOf(options);
  const validity = {
    notBefore: notBefore < authority.notBefore ? authority.notBefore : notBefore,
    notAfter: notAfter > authority.notAfter ? authority.notAfter : notAfter,
  };
  const cert = await signCertificate({
    issuer: issuer.subject,
    subject: commonName("sidecarset-webhook"),
    validity,
    publicKey: await publicKeyOf(keys),
    extensions: await servingExtensions(options.names, issuer.publicKey),
  }, await importPrivateKey(authority.key));
  return { cert, key: await privateKeyPem(keys.privateKey), ...validity };
}

/** Certificates store whole seconds. */
function validityOf({ now, lifetimeSeconds }: IssueOptions): Validity {
  const lifeMs = lifetimeSeconds * 1000;
  const begin = now.getTime() - Math.min(BACKDATE_MS, lifeMs / 10);
  const wholeSeconds = (milliseconds: number) => new Date(Math.floor(milliseconds / 1000) * 1000);
  return { notBefore: wholeSeconds(begin), notAfter: wholeSeconds(now.getTime() + lifeMs) };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function publicKeyOf({ publicKey }: CryptoKeyPair): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  return pemText("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}

function importPrivateKey(pem: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", derOf(pem), ALGORITHM, false, ["sign"]);
}

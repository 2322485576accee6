import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { AuthorityIdentity, TlsIdentity, Validity } from "./identity.ts";
import { commonName, extensions, issuerOf, KEY_ALGORITHM, pem, signCertificate } from "./x509.ts";

/** Certificates are backdated, by at most a tenth of their lifetime, for clients with a slow clock. */
const BACKDATE_MS = 5 * 60 * 1000;

/** Subject alternative names of a serving certificate. */
export interface ServingNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

/** Options of {@linkcode issueAuthority}. */
export interface IssueOptions {
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
  const keys = await createKeys();
  const validity = validityOf(options);
  // A unique name, so that a client never mistakes the old CA for the issuer.
  const name = commonName(`sidecarset-webhook-ca-${crypto.randomUUID()}`);
  const cert = await signCertificate({
    subject: name,
    issuer: name,
    publicKey: keys.publicKey,
    ...validity,
    extensions: [
      extensions.basicConstraints({ isAuthority: true }),
      extensions.keyUsage({ isAuthority: true }),
      await extensions.subjectKeyIdentifier(keys.publicKey),
    ],
  }, keys.privateKey);
  return { cert, key: keys.pem, ...validity };
}

/** Issues a serving certificate for the names. Its validity lies within that of its CA. */
export async function issueServingCertificate(
  authority: AuthorityIdentity,
  { names, ...options }: IssueOptions & { readonly names: ServingNames },
): Promise<TlsIdentity & Validity> {
  const keys = await createKeys();
  const issuer = issuerOf(new X509Certificate(authority.cert).raw);
  const { notBefore, notAfter } = validityOf(options);
  const validity = {
    notBefore: notBefore < authority.notBefore ? authority.notBefore : notBefore,
    notAfter: notAfter > authority.notAfter ? authority.notAfter : notAfter,
  };
  const cert = await signCertificate({
    subject: commonName("sidecarset-webhook"),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    ...validity,
    extensions: [
      extensions.basicConstraints({ isAuthority: false }),
      extensions.keyUsage({ isAuthority: false }),
      extensions.serverAuth(),
      extensions.subjectAlternativeNames(names.dns, names.ip.map(addressOctets)),
      await extensions.authorityKeyIdentifier(issuer.publicKey),
    ],
  }, await importPrivateKey(authority.key));
  return { cert, key: keys.pem, ...validity };
}

/** Certificates store whole seconds. */
function validityOf({ now, lifetimeSeconds }: IssueOptions): Validity {
  const lifeMs = lifetimeSeconds * 1000;
  const begin = now.getTime() - Math.min(BACKDATE_MS, lifeMs / 10);
  const wholeSeconds = (milliseconds: number) => new Date(Math.floor(milliseconds / 1000) * 1000);
  return { notBefore: wholeSeconds(begin), notAfter: wholeSeconds(now.getTime() + lifeMs) };
}

async function createKeys() {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const exported = async (format: "spki" | "pkcs8", key: CryptoKey) =>
    new Uint8Array(await crypto.subtle.exportKey(format, key));
  return {
    privateKey: keys.privateKey,
    pem: pem("PRIVATE KEY", await exported("pkcs8", keys.privateKey)),
    publicKey: await exported("spki", keys.publicKey),
  };
}

function importPrivateKey(pem: string): Promise<CryptoKey> {
  const der = Uint8Array.fromBase64(pem.replace(/-----(BEGIN|END) PRIVATE KEY-----/g, ""));
  return crypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, false, ["sign"]);
}

/** Octets of an IP address in a URL's canonical form. */
function addressOctets(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split("."), Number);
  const [before = [], after = []] = address.split("::").map((half) =>
    half.split(":").filter((group) => group !== "")
  );
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  const groups = [...before, ...zeros, ...after].map((group) => parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

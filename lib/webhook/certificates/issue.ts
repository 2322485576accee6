import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import type { AuthorityIdentity, TlsIdentity, Validity } from "./identity.ts";

/** Those that Go's TLS clients and Deno's signatures have in common, by their OpenSSL names. */
const CURVES: readonly string[] = ["prime256v1", "secp384r1"];
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
  const { authorityCertificate } = await loadX509();
  const keys = generateKeys();
  const validity = validityOf(options);
  // A unique name, so that a client never mistakes the old CA for the issuer.
  const commonName = `sidecarset-webhook-ca-${crypto.randomUUID()}`;
  const cert = authorityCertificate({ commonName, keys, validity });
  return { cert, key: pemOf(keys.privateKey), ...validity };
}

/**
 * Issues a serving certificate for the names. Its validity lies within that of its CA.
 *
 * @throws {Error} if the key of the CA is not an ECDSA key of P-256 or P-384.
 */
export async function issueServingCertificate(
  authority: AuthorityIdentity,
  options: IssueOptions & { readonly names: ServingNames },
): Promise<TlsIdentity & Validity> {
  const { servingCertificate } = await loadX509();
  const keys = generateKeys();
  const { notBefore, notAfter } = validityOf(options);
  const validity = {
    notBefore: notBefore < authority.notBefore ? authority.notBefore : notBefore,
    notAfter: notAfter > authority.notAfter ? authority.notAfter : notAfter,
  };
  const cert = servingCertificate({ cert: authority.cert, key: signingKey(authority) }, {
    commonName: "sidecarset-webhook",
    names: options.names,
    publicKey: keys.publicKey,
    validity,
  });
  return { cert, key: pemOf(keys.privateKey), ...validity };
}

/** Certificates store whole seconds. */
function validityOf({ now, lifetimeSeconds }: IssueOptions): Validity {
  const lifeMs = lifetimeSeconds * 1000;
  const begin = now.getTime() - Math.min(BACKDATE_MS, lifeMs / 10);
  const wholeSeconds = (milliseconds: number) => new Date(Math.floor(milliseconds / 1000) * 1000);
  return { notBefore: wholeSeconds(begin), notAfter: wholeSeconds(now.getTime() + lifeMs) };
}

/** Loaded on demand: it costs 20 ms and, in the executable, 2 MiB. */
function loadX509() {
  return import("./x509.ts");
}

function generateKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function pemOf(privateKey: KeyObject): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function signingKey({ key }: AuthorityIdentity): KeyObject {
  const signing = createPrivateKey(key);
  const { asymmetricKeyType = "", asymmetricKeyDetails } = signing;
  const kind = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType;
  if (asymmetricKeyType === "ec" && CURVES.includes(kind)) return signing;
  throw new Error(
    `Cannot issue a serving certificate: the key of the certificate authority is of type ${kind}; ` +
      "store an ECDSA key of P-256 or P-384",
  );
}

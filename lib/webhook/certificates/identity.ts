import type { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate chain (leaf first) and the leaf's key; PEM texts. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** The times between which a certificate is valid. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

type IdentityReading =
  | { readonly ok: true; readonly validity: Validity; readonly isAuthority: boolean }
  | { readonly ok: false; readonly problem: string };

/** Reads a certificate from PEM text, and checks that the key belongs to it. */
export function readIdentity(identity: TlsIdentity): IdentityReading {
  try {
    const certificate = new X509Certificate(identity.cert);
    // X509Certificate.checkPrivateKey() is missing in some versions of Deno.
    const publicKey = createPublicKey(createPrivateKey(identity.key));
    if (!derOf(certificate.publicKey).equals(derOf(publicKey))) {
      return { ok: false, problem: "the key does not belong to the certificate" };
    }
    return {
      ok: true,
      validity: { notBefore: certificate.validFromDate, notAfter: certificate.validToDate },
      isAuthority: certificate.ca,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: `certificate or key cannot be read as PEM (${why})` };
  }
}

function derOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}

/** A certificate authority and its validity. */
export interface AuthorityIdentity extends TlsIdentity, Validity {}

/** The installation's CA and, during a rotation, the previous one. */
export interface Authority {
  readonly current: AuthorityIdentity;
  readonly previous?: AuthorityIdentity;
}

/** Decoded data of the Secret. */
export type SecretData = Readonly<Record<string, string>>;

/** The first two keys are those of a `kubernetes.io/tls` Secret. */
const KEYS = {
  cert: "tls.crt",
  key: "tls.key",
  previousCert: "previous.crt",
  previousKey: "previous.key",
} as const;

/** The CA in a Secret's data, or why it cannot be used. An unusable previous CA is ignored. */
export function readAuthority(
  data: SecretData,
): { ok: true; authority: Authority } | { ok: false; problem: string } {
  const current = identityAt(data, KEYS.cert, { keyName: KEYS.key });
  if (typeof current === "string") return { ok: false, problem: current };
  const previous = identityAt(data, KEYS.previousCert, { keyName: KEYS.previousKey });
  return {
    ok: true,
    authority: typeof previous === "string" ? { current } : { current, previous },
  };
}

/** The Secret's data for a CA: the inverse of `readAuthority`. */
export function authorityData({ current, previous }: Authority): SecretData {
  return {
    [KEYS.cert]: current.cert,
    [KEYS.key]: current.key,
    ...(previous ? { [KEYS.previousCert]: previous.cert, [KEYS.previousKey]: previous.key } : {}),
  };
}

function identityAt(
  data: SecretData,
  certName: string,
  { keyName }: { keyName: string },
): AuthorityIdentity | string {
  const cert = data[certName];
  const key = data[keyName];
  if (cert === undefined || key === undefined) return `${certName} or ${keyName} is missing`;
  const reading = readIdentity({ cert, key });
  if (!reading.ok) return reading.problem;
  if (!reading.isAuthority) return `${certName} is not a certificate authority`;
  return { cert, key, ...reading.validity };
}

import type { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate chain (leaf first) and the leaf's key; PEM texts. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** Validity of a certificate. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export type IdentityReading =
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

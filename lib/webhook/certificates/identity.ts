import type { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate chain, its leaf first, and the leaf's key; both PEM text. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** From when until when a certificate is valid. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export type IdentityReading =
  | { readonly ok: true; readonly validity: Validity; readonly isAuthority: boolean }
  | { readonly ok: false; readonly problem: string };

/** Reads what PEM text says, and whether certificate and key belong together. */
export function readIdentity(identity: TlsIdentity): IdentityReading {
  try {
    const certificate = new X509Certificate(identity.cert);
    // Not every runtime has X509Certificate.checkPrivateKey().
    const publicKey = createPublicKey(createPrivateKey(identity.key));
    if (!derOf(certificate.publicKey).equals(derOf(publicKey))) {
      return { ok: false, problem: "the key is not the certificate's" };
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

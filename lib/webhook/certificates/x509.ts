import {
  bitString,
  childrenOf,
  contentsOf,
  element,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  TRUE,
  utf8String,
} from "./der.ts";

/**
 * X.509 certificates (RFC 5280) with ECDSA keys on P-256. A library for all of X.509 costs 0.3 s of CPU at every start,
 * and 5 MiB of the idle process.
 */

type Bytes = Uint8Array<ArrayBuffer>;

/** Algorithm of all keys. */
export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;
/** ecdsa-with-SHA256 */
const SIGNATURE_OID = sequence(oid("1.2.840.10045.4.3.2"));
const VERSION_3 = element(0xa0, integer(Uint8Array.of(2)));

/** What a certificate says. */
export interface CertificateFields {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** A name of one common name. */
export function commonName(name: string): Bytes {
  return sequence(set(sequence(oid("2.5.4.3"), utf8String(name))));
}

/** Extensions, each with its OID and whether a reader that does not know it has to refuse the certificate. */
export const extensions = {
  /** A CA whose certificates cannot issue others, or no CA. */
  basicConstraints: ({ isAuthority }: { isAuthority: boolean }) =>
    extension("2.5.29.19", {
      isCritical: true,
      value: sequence(...(isAuthority ? [TRUE, integer(Uint8Array.of(0))] : [])),
    }),
  /** keyCertSign and cRLSign of a CA; digitalSignature of a server. */
  keyUsage: ({ isAuthority }: { isAuthority: boolean }) =>
    extension("2.5.29.15", {
      isCritical: true,
      value: isAuthority ? bitString(Uint8Array.of(0x06), 1) : bitString(Uint8Array.of(0x80), 7),
    }),
  serverAuth: () => extension("2.5.29.37", { value: sequence(oid("1.3.6.1.5.5.7.3.1")) }),
  subjectKeyIdentifier: async (publicKey: Uint8Array) =>
    extension("2.5.29.14", { value: octetString(await keyIdentifier(publicKey)) }),
  authorityKeyIdentifier: async (publicKey: Uint8Array) =>
    extension("2.5.29.35", { value: sequence(element(0x80, await keyIdentifier(publicKey))) }),
  /** DNS names, and addresses in octets. */
  subjectAlternativeNames: (dns: readonly string[], ip: readonly Uint8Array[]) =>
    extension("2.5.29.17", {
      value: sequence(
        ...dns.map((name) => element(0x82, new TextEncoder().encode(name))),
        ...ip.map((octets) => element(0x87, octets)),
      ),
    }),
};

/** A signed certificate as PEM text. */
export async function signCertificate(fields: CertificateFields, key: CryptoKey): Promise<string> {
  const signed = sequence(
    VERSION_3,
    integer(serialNumber()),
    SIGNATURE_OID,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKey,
    element(0xa3, sequence(...fields.extensions)),
  );
  const signature = new Uint8Array(await crypto.subtle.sign(SIGNATURE_ALGORITHM, key, signed));
  // WebCrypto returns the two numbers side by side.
  const half = signature.length / 2;
  const numbers = sequence(
    integer(signature.subarray(0, half)),
    integer(signature.subarray(half)),
  );
  return pem("CERTIFICATE", sequence(signed, SIGNATURE_OID, bitString(numbers)));
}

/** Subject and SubjectPublicKeyInfo of an encoded certificate, as its own bytes: issuers are found by them. */
export function issuerOf(certificate: Uint8Array): Record<"subject" | "publicKey", Uint8Array> {
  const [signed = new Uint8Array()] = childrenOf(certificate);
  const [, , , , , subject, publicKey] = childrenOf(signed);
  if (!subject || !publicKey) throw new SyntaxError("the authority is no X.509 certificate");
  return { subject, publicKey };
}

/** PEM text of encoded bytes. */
export function pem(label: "CERTIFICATE" | "PRIVATE KEY", bytes: Bytes): string {
  const lines = bytes.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function extension(
  id: string,
  { isCritical = false, value }: { isCritical?: boolean; value: Uint8Array },
): Bytes {
  return sequence(oid(id), ...(isCritical ? [TRUE] : []), octetString(value));
}

/** RFC 5280 (4.2.1.2), method 1: SHA-1 of the public key's bits. */
async function keyIdentifier(publicKey: Uint8Array): Promise<Bytes> {
  const [, bits = new Uint8Array()] = childrenOf(publicKey);
  const key = Uint8Array.from(contentsOf(bits).subarray(1));
  return new Uint8Array(await crypto.subtle.digest("SHA-1", key));
}

/** Positive, and never 0. */
function serialNumber(): Bytes {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  octets[0] = (octets[0] ?? 0) & 0x7f | 0x40;
  return octets;
}

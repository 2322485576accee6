import { isIPv4 } from "node:net";
import type { Validity } from "./identity.ts";
import {
  bitString,
  boolean,
  contentOf,
  encoded,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
  valuesIn,
} from "./der.ts";

/** Keys and signatures of all certificates that are issued here. */
export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

const ECDSA_WITH_SHA256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const SERVER_AUTH = objectIdentifier("1.3.6.1.5.5.7.3.1");
const VERSION_3 = encoded(0xa0, integer(2));

/** Subject alternative names of a serving certificate. */
export interface ServingNames {
  readonly dns: readonly string[];
  /** As in the hostname of a URL: an IPv6 address in hexadecimal groups. */
  readonly ip: readonly string[];
}

/** What a certificate says. Names, key and extensions are DER values. */
interface Contents {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly validity: Validity;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/**
 * Signs a certificate (RFC 5280, section 4.1) with a random serial number.
 *
 * @param signingKey of `ALGORITHM`
 * @returns PEM text
 */
export async function signCertificate(
  { issuer, subject, validity, publicKey, extensions }: Contents,
  signingKey: CryptoKey,
): Promise<string> {
  const toBeSigned = sequence(
    VERSION_3,
    integer(...crypto.getRandomValues(new Uint8Array(16))),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    subject,
    publicKey,
    encoded(0xa3, sequence(...extensions)),
  );
  // WebCrypto joins the numbers r and s; a certificate has both as INTEGER (RFC 3279, section 2.2.3).
  const joined = new Uint8Array(await crypto.subtle.sign(ALGORITHM, signingKey, toBeSigned));
  const half = joined.length / 2;
  const signature = sequence(
    integer(...joined.subarray(0, half)),
    integer(...joined.subarray(half)),
  );
  return pemText("CERTIFICATE", sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature)));
}

/** Subject and public key of a certificate of version 3, as DER values. */
export function subjectOf(certificate: Uint8Array): {
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
} {
  const [toBeSigned] = valuesIn(certificate);
  const [, , , , , subject, publicKey] = toBeSigned === undefined ? [] : valuesIn(toBeSigned);
  if (subject === undefined || publicKey === undefined) {
    throw new Error("Cannot read the certificate: it has no subject or public key");
  }
  return { subject, publicKey };
}

/** A Name that consists of a common name. */
export function commonName(name: string): Uint8Array {
  return sequence(setOf(sequence(objectIdentifier("2.5.4.3"), utf8String(name))));
}

/** Extensions of a CA that issues serving certificates only, no other CA. */
export async function authorityExtensions(publicKey: Uint8Array): Promise<Uint8Array[]> {
  return [
    extension("2.5.29.19", { isCritical: true, value: sequence(boolean(true), integer(0)) }),
    // keyCertSign and cRLSign are bits 5 and 6.
    extension("2.5.29.15", { isCritical: true, value: bitString(Uint8Array.of(0b0000_0110), 1) }),
    extension("2.5.29.14", { value: octetString(await keyIdentifier(publicKey)) }),
  ];
}

/** Extensions of a serving certificate. */
export async function servingExtensions(
  names: ServingNames,
  issuerPublicKey: Uint8Array,
): Promise<Uint8Array[]> {
  const alternatives = [
    ...names.dns.map((name) => encoded(0x82, new TextEncoder().encode(name))),
    ...names.ip.map((address) => encoded(0x87, addressBytes(address))),
  ];
  const issuerKey = encoded(0x80, await keyIdentifier(issuerPublicKey));
  return [
    extension("2.5.29.19", { isCritical: true, value: sequence() }),
    // digitalSignature is bit 0.
    extension("2.5.29.15", { isCritical: true, value: bitString(Uint8Array.of(0b1000_0000), 7) }),
    extension("2.5.29.37", { value: sequence(SERVER_AUTH) }),
    extension("2.5.29.17", { value: sequence(...alternatives) }),
    extension("2.5.29.35", { value: sequence(issuerKey) }),
  ];
}

/** PEM text of a DER value. */
export function pemText(label: string, der: Uint8Array): string {
  const lines = der.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** DER value of the first block of a PEM text. */
export function derOf(pem: string): Uint8Array<ArrayBuffer> {
  const [, base64 = ""] = /-----BEGIN [^-]+-----([^-]*)/.exec(pem) ?? [];
  return Uint8Array.fromBase64(base64);
}

function extension(
  identifier: string,
  { isCritical = false, value }: { readonly isCritical?: boolean; readonly value: Uint8Array },
): Uint8Array {
  const critical = isCritical ? [boolean(true)] : [];
  return sequence(objectIdentifier(identifier), ...critical, octetString(value));
}

/** SHA-1 of the key without the count of unused bits (RFC 5280, section 4.2.1.2, method 1). */
async function keyIdentifier(publicKey: Uint8Array): Promise<Uint8Array> {
  const [, key = new Uint8Array()] = valuesIn(publicKey);
  return new Uint8Array(await crypto.subtle.digest("SHA-1", contentOf(key).slice(1)));
}

function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  const [front = [], back = []] = address.split("::").map((half) =>
    half.split(":").filter(Boolean)
  );
  const zeros = Array<string>(8 - front.length - back.length).fill("0");
  return Uint8Array.from([...front, ...zeros, ...back].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  }));
}

import { createHash, type KeyObject, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as asn1 from "@peculiar/asn1-x509";
import { certificatesIn } from "../../core/registration/ca_bundle.ts";
import type { Validity } from "./identity.ts";

/** RFC 5758, section 3.2. */
const ECDSA_WITH_SHA256 = new asn1.AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });
/** RFC 5280, appendix A.1. */
const ID_AT_COMMON_NAME = "2.5.4.3";

/** The parts of a certificate that its issuer decides. */
interface Contents {
  readonly subject: asn1.Name;
  readonly issuer: asn1.Name;
  readonly publicKey: asn1.SubjectPublicKeyInfo;
  readonly validity: Validity;
  readonly extensions: asn1.Extension[];
}

/** Keys of a certificate. */
interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** PEM text of a self-signed certificate of a CA, which signs no other CAs. */
export function authorityCertificate(
  { commonName, keys, validity }: {
    readonly commonName: string;
    readonly keys: KeyPair;
    readonly validity: Validity;
  },
): string {
  const name = nameOf(commonName);
  const publicKey = keyInfoOf(keys.publicKey);
  const usage = asn1.KeyUsageFlags.keyCertSign | asn1.KeyUsageFlags.cRLSign;
  const constraints = new asn1.BasicConstraints({ cA: true, pathLenConstraint: 0 });
  const extensions = [
    extension(asn1.id_ce_basicConstraints, constraints, { critical: true }),
    extension(asn1.id_ce_keyUsage, new asn1.KeyUsage(usage), { critical: true }),
    extension(asn1.id_ce_subjectKeyIdentifier, keyIdentifier(publicKey)),
  ];
  return signed({ subject: name, issuer: name, publicKey, validity, extensions }, keys.privateKey);
}

/**
 * PEM text of a certificate for a server with these names.
 *
 * @param authority Certificate (PEM) and ECDSA key of the CA that signs it.
 */
export function servingCertificate(
  authority: { readonly cert: string; readonly key: KeyObject },
  { commonName, names, publicKey, validity }: {
    readonly commonName: string;
    readonly names: { readonly dns: readonly string[]; readonly ip: readonly string[] };
    readonly publicKey: KeyObject;
    readonly validity: Validity;
  },
): string {
  const issuer = parsed(authority.cert).tbsCertificate;
  const alternativeNames = new asn1.SubjectAlternativeName([
    ...names.dns.map((dNSName) => new asn1.GeneralName({ dNSName })),
    ...names.ip.map((iPAddress) => new asn1.GeneralName({ iPAddress })),
  ]);
  const usage = new asn1.KeyUsage(asn1.KeyUsageFlags.digitalSignature);
  const issuerKey = new asn1.AuthorityKeyIdentifier({
    keyIdentifier: keyIdentifier(issuer.subjectPublicKeyInfo),
  });
  return signed({
    subject: nameOf(commonName),
    issuer: issuer.subject,
    publicKey: keyInfoOf(publicKey),
    validity,
    extensions: [
      extension(asn1.id_ce_basicConstraints, new asn1.BasicConstraints(), { critical: true }),
      extension(asn1.id_ce_keyUsage, usage, { critical: true }),
      extension(asn1.id_ce_extKeyUsage, new asn1.ExtendedKeyUsage([asn1.id_kp_serverAuth])),
      extension(asn1.id_ce_subjectAltName, alternativeNames),
      extension(asn1.id_ce_authorityKeyIdentifier, issuerKey),
    ],
  }, authority.key);
}

function signed(
  { subject, issuer, publicKey, validity, extensions }: Contents,
  key: KeyObject,
): string {
  const tbsCertificate = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: serialNumber(),
    signature: ECDSA_WITH_SHA256,
    issuer,
    validity: new asn1.Validity(validity),
    subject,
    subjectPublicKeyInfo: publicKey,
    extensions: new asn1.Extensions(extensions),
  });
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), key);
  const certificate = new asn1.Certificate({
    tbsCertificate,
    signatureAlgorithm: ECDSA_WITH_SHA256,
    signatureValue: new Uint8Array(signature).buffer,
  });
  const base64 = new Uint8Array(AsnConvert.serialize(certificate)).toBase64();
  const lines = base64.replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function parsed(pem: string): asn1.Certificate {
  const [first = ""] = certificatesIn(pem);
  return AsnConvert.parse(Uint8Array.fromBase64(first.replace(/-----.*/g, "")), asn1.Certificate);
}

function nameOf(commonName: string): asn1.Name {
  const value = new asn1.AttributeValue({ utf8String: commonName });
  const attribute = new asn1.AttributeTypeAndValue({ type: ID_AT_COMMON_NAME, value });
  return new asn1.Name([new asn1.RelativeDistinguishedName([attribute])]);
}

function extension(
  extnID: string,
  value: object,
  { critical = false } = {},
): asn1.Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new asn1.Extension({ extnID, critical, extnValue });
}

function keyInfoOf(publicKey: KeyObject): asn1.SubjectPublicKeyInfo {
  return AsnConvert.parse(
    publicKey.export({ type: "spki", format: "der" }),
    asn1.SubjectPublicKeyInfo,
  );
}

/** Method 1 of RFC 5280, section 4.2.1.2. */
function keyIdentifier({ subjectPublicKey }: asn1.SubjectPublicKeyInfo): asn1.KeyIdentifier {
  const digest = createHash("sha1").update(new Uint8Array(subjectPublicKey)).digest();
  return new asn1.KeyIdentifier(new Uint8Array(digest).buffer);
}

/** A positive number of 16 random bytes, whose first is not 0, as DER wants it. */
function serialNumber(): ArrayBuffer {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.buffer;
}

import "reflect-metadata";
import * as x509 from "@peculiar/x509";

export interface Pair {
  cert: string;
  key: string;
}

/** A certificate authority, and a certificate of it for 127.0.0.1. */
export async function issue(name: string): Promise<{ ca: string; leaf: Pair }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const usages: KeyUsage[] = ["sign", "verify"];
  const caKeys = await crypto.subtle.generateKey(algorithm, true, usages);
  const leafKeys = await crypto.subtle.generateKey(algorithm, true, usages);
  const times = {
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
  };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...times,
    serialNumber: "01",
    name: `CN=${name}`,
    keys: caKeys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...times,
    serialNumber: "02",
    subject: `CN=${name} leaf`,
    issuer: ca.subject,
    publicKey: leafKeys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const key = await crypto.subtle.exportKey("pkcs8", leafKeys.privateKey);
  return {
    ca: ca.toString("pem"),
    leaf: { cert: leaf.toString("pem"), key: x509.PemConverter.encode(key, "PRIVATE KEY") },
  };
}

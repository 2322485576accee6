import "reflect-metadata";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import fc from "fast-check";
import {
  issueAuthority,
  issueServingCertificate,
} from "../../../lib/webhook/certificates/issue.ts";
import { subjectOf } from "../../../lib/webhook/certificates/x509.ts";

const now = new Date("2026-05-01T12:00:00Z");

Deno.test("a serving certificate has the names, as another program reads them", async () => {
  const authority = await issueAuthority({ now, lifetimeSeconds: 86_400 });
  const address = fc.oneof(
    fc.ipV4(),
    // As servingNames() takes it from a URL.
    fc.ipV6().map((text) => new URL(`https://[${text}]`).hostname.slice(1, -1)),
  );
  const names = fc.record({ dns: fc.array(fc.domain()), ip: fc.array(address) });
  await fc.assert(
    fc.asyncProperty(names, async ({ dns, ip }) => {
      const { cert } = await issueServingCertificate(authority, {
        now,
        lifetimeSeconds: 60,
        names: { dns, ip },
      });
      const found = new x509.X509Certificate(cert)
        .getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
      const comparable = (value: string) =>
        value.includes(":") ? new URL(`https://[${value}]`).hostname : value;
      assert.deepEqual(
        found.map(({ type, value }) => [type, comparable(value)]),
        [...dns.map((name) => ["dns", name]), ...ip.map((each) => ["ip", comparable(each)])],
      );
    }),
    { numRuns: 30 },
  );
});

Deno.test("an authority and its certificate have the extensions and times that they need", async () => {
  // Beyond 2049 a time has another form.
  const authority = await issueAuthority({ now, lifetimeSeconds: 30 * 365 * 86_400 });
  const leaf = await issueServingCertificate(authority, {
    now,
    lifetimeSeconds: 60,
    names: { dns: ["webhook.sidecarset.svc"], ip: [] },
  });
  const root = new x509.X509Certificate(authority.cert);
  const certificate = new x509.X509Certificate(leaf.cert);
  assert.deepEqual([root.notBefore, root.notAfter], [authority.notBefore, authority.notAfter]);
  assert.equal(root.notAfter.getUTCFullYear(), 2056);
  assert.deepEqual([certificate.notBefore, certificate.notAfter], [leaf.notBefore, leaf.notAfter]);
  const constraints = root.getExtension(x509.BasicConstraintsExtension);
  assert.deepEqual([constraints?.ca, constraints?.pathLength, constraints?.critical], [
    true,
    0,
    true,
  ]);
  assert.equal(
    root.getExtension(x509.KeyUsagesExtension)?.usages,
    x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
  );
  assert.equal(certificate.getExtension(x509.BasicConstraintsExtension)?.ca, false);
  assert.equal(
    certificate.getExtension(x509.KeyUsagesExtension)?.usages,
    x509.KeyUsageFlags.digitalSignature,
  );
  assert.deepEqual([...certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? []], [
    x509.ExtendedKeyUsage.serverAuth,
  ]);
  const keyIdentifier = root.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const issuerKey = certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  assert.ok(keyIdentifier);
  assert.equal(issuerKey, keyIdentifier);
  assert.notEqual(certificate.serialNumber, root.serialNumber);
  assert.equal(await root.isSelfSigned(), true);
  assert.equal(await certificate.verify({ publicKey: root, signatureOnly: true }), true);
});

Deno.test("an authority that another program has made signs under its own name", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const validity = { notBefore: now, notAfter: new Date(now.getTime() + 86_400_000) };
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: "C=NO, O=Eksempel Østfold, OU=Infra, CN=webhook authority",
    keys,
    ...validity,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const other = await issueAuthority({ now, lifetimeSeconds: 60 });
  const key = x509.PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  // Of several certificates, the first is the authority's.
  const chain = `# ours\n${made.toString("pem")}\n${other.cert}`;
  const authority = { cert: chain, key, ...validity };
  const leaf = await issueServingCertificate(authority, {
    now,
    lifetimeSeconds: 60,
    names: { dns: ["webhook.sidecarset.svc"], ip: [] },
  });
  const certificate = new X509Certificate(leaf.cert);
  assert.deepEqual(
    new x509.X509Certificate(leaf.cert).issuerName.toArrayBuffer(),
    made.subjectName.toArrayBuffer(),
  );
  assert.equal(certificate.verify(new X509Certificate(authority.cert).publicKey), true);
});

Deno.test("subjectOf() rejects bytes that are no certificate", () => {
  for (const bytes of [Uint8Array.of(), Uint8Array.of(0x30, 0x00), Uint8Array.of(0x30, 0x82)]) {
    assert.throws(() => subjectOf(bytes), /Cannot read the certificate/);
  }
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import fc from "fast-check";
import {
  authorityData,
  readAuthority,
  readIdentity,
} from "../../../lib/webhook/certificates/identity.ts";
import {
  issueAuthority,
  issueServingCertificate,
  servingNames,
} from "../../../lib/webhook/certificates/issue.ts";

const now = new Date("2026-05-01T12:00:00Z");
const names = { dns: ["webhook.sidecarset.svc"], ip: ["127.0.0.1", "::1"] };

Deno.test("issueServingCertificate() signs for the names with a chain that verifies", async () => {
  const authority = await issueAuthority({ now, lifetimeSeconds: 3600 });
  const leaf = await issueServingCertificate(authority, { now, lifetimeSeconds: 600, names });
  const root = new X509Certificate(authority.cert);
  const certificate = new X509Certificate(leaf.cert);
  assert.equal(root.ca, true);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.checkIssued(root), true);
  assert.equal(certificate.verify(root.publicKey), true);
  assert.equal(certificate.checkHost("webhook.sidecarset.svc"), "webhook.sidecarset.svc");
  assert.equal(certificate.checkHost("other.sidecarset.svc"), undefined);
  assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
  const reading = readIdentity(leaf);
  assert.ok(reading.ok);
  assert.deepEqual(reading.validity, { notBefore: leaf.notBefore, notAfter: leaf.notAfter });
});

Deno.test("issueServingCertificate() never outlives its authority", async () => {
  const authority = await issueAuthority({ now, lifetimeSeconds: 60 });
  const leaf = await issueServingCertificate(authority, { now, lifetimeSeconds: 3600, names });
  assert.deepEqual(leaf.notAfter, authority.notAfter);
  assert.deepEqual(leaf.notBefore, authority.notBefore);
});

/** What a library for X.509 reads: a second opinion on the encoding. */
function readOf(cert: string) {
  const certificate = new x509.X509Certificate(cert);
  const alternative = certificate.getExtension(x509.SubjectAlternativeNameExtension);
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    critical: [...certificate.extensions].filter(({ critical }) => critical).map(({ type }) =>
      type
    ),
    constraints: certificate.getExtension(x509.BasicConstraintsExtension),
    usages: certificate.getExtension(x509.KeyUsagesExtension)?.usages,
    extendedUsages: certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages,
    names: alternative?.names.items.map(({ type, value }) => `${type} ${value}`),
    keyId: certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    authorityKeyId: certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
  };
}

Deno.test("certificates are read by another implementation as they are meant", async () => {
  const authority = await issueAuthority({ now, lifetimeSeconds: 3600 });
  const ca = readOf(authority.cert);
  assert.match(ca.subject, /^CN=sidecarset-webhook-ca-[0-9a-f-]{36}$/);
  assert.equal(ca.issuer, ca.subject);
  assert.deepEqual(ca.critical, ["2.5.29.19", "2.5.29.15"]);
  assert.equal(ca.constraints?.ca, true);
  assert.equal(ca.constraints?.pathLength, 0);
  assert.equal(ca.usages, x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign);
  const { publicKey } = new x509.X509Certificate(authority.cert);
  assert.equal(ca.keyId, (await x509.SubjectKeyIdentifierExtension.create(publicKey)).keyId);
  const leaf = readOf(
    (await issueServingCertificate(authority, { now, lifetimeSeconds: 600, names })).cert,
  );
  assert.equal(leaf.subject, "CN=sidecarset-webhook");
  assert.equal(leaf.issuer, ca.subject);
  assert.equal(leaf.constraints?.ca, false);
  assert.equal(leaf.usages, x509.KeyUsageFlags.digitalSignature);
  assert.deepEqual([...leaf.extendedUsages ?? []], [x509.ExtendedKeyUsage.serverAuth]);
  assert.deepEqual(leaf.names, ["dns webhook.sidecarset.svc", "ip 127.0.0.1", "ip ::1"]);
  assert.equal(leaf.authorityKeyId, ca.keyId);
});

Deno.test("issueServingCertificate() signs by an authority that a library for X.509 issued", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const validity = { notBefore: now, notAfter: new Date(now.getTime() + 3_600_000) };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=earlier version, O=Ünïcode",
    keys,
    ...validity,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const key = x509.PemConverter.encode(pkcs8, "PRIVATE KEY");
  const authority = { cert: ca.toString("pem"), key, ...validity };
  const leaf = await issueServingCertificate(authority, { now, lifetimeSeconds: 600, names });
  const root = new X509Certificate(authority.cert);
  assert.equal(new X509Certificate(leaf.cert).checkIssued(root), true);
  assert.equal(new X509Certificate(leaf.cert).verify(root.publicKey), true);
});

Deno.test("issueServingCertificate() encodes any name, address and time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.domain(), { maxLength: 4 }),
      fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 4 }),
      fc.date({ min: new Date("2000-01-01"), max: new Date("2120-01-01"), noInvalidDate: true }),
      async (dns, addresses, at) => {
        const ip = addresses.flatMap((address) =>
          servingNames({
            url: address.includes(":") ? `https://[${address}]` : `https://${address}`,
          })
            .ip
        );
        const options = { now: at, lifetimeSeconds: 1_000_000_000 };
        const authority = await issueAuthority(options);
        const leaf = await issueServingCertificate(authority, { ...options, names: { dns, ip } });
        const certificate = new X509Certificate(leaf.cert);
        assert.equal(certificate.verify(new X509Certificate(authority.cert).publicKey), true);
        assert.deepEqual(certificate.validFromDate, leaf.notBefore);
        assert.deepEqual(certificate.validToDate, leaf.notAfter);
        for (const name of dns) assert.equal(certificate.checkHost(name), name);
        for (const address of ip) assert.equal(certificate.checkIP(address), address);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("issueAuthority() begins a little earlier, for clocks that are behind", async () => {
  const long = await issueAuthority({ now, lifetimeSeconds: 86_400 });
  assert.equal(long.notBefore.toISOString(), "2026-05-01T11:55:00.000Z");
  assert.equal(long.notAfter.toISOString(), "2026-05-02T12:00:00.000Z");
  const short = await issueAuthority({ now, lifetimeSeconds: 10 });
  assert.equal(short.notBefore.toISOString(), "2026-05-01T11:59:59.000Z");
});

Deno.test("readAuthority() reads what authorityData() wrote", async () => {
  const current = await issueAuthority({ now, lifetimeSeconds: 60 });
  const previous = await issueAuthority({ now, lifetimeSeconds: 30 });
  for (const authority of [{ current }, { current, previous }]) {
    assert.deepEqual(readAuthority(authorityData(authority)), { ok: true, authority });
  }
});

Deno.test("readAuthority() says why a Secret cannot be used", async () => {
  const one = await issueAuthority({ now, lifetimeSeconds: 60 });
  const two = await issueAuthority({ now, lifetimeSeconds: 60 });
  const leaf = await issueServingCertificate(one, { now, lifetimeSeconds: 60, names });
  for (
    const [data, says] of [
      [{}, /tls\.crt or tls\.key is missing/],
      [{ "tls.crt": one.cert }, /missing/],
      [{ "tls.crt": "x", "tls.key": one.key }, /PEM/],
      [{ "tls.crt": one.cert, "tls.key": "" }, /PEM/],
      [{ "tls.crt": one.cert, "tls.key": two.key }, /does not belong to the certificate/],
      [{ "tls.crt": leaf.cert, "tls.key": leaf.key }, /not a certificate authority/],
    ] as const
  ) {
    const reading = readAuthority(data);
    assert.ok(!reading.ok);
    assert.match(reading.problem, says);
  }
});

Deno.test("readAuthority() leaves out a previous authority that is damaged", async () => {
  const current = await issueAuthority({ now, lifetimeSeconds: 60 });
  const data = { ...authorityData({ current }), "previous.crt": "x", "previous.key": "y" };
  assert.deepEqual(readAuthority(data), { ok: true, authority: { current } });
});

Deno.test("servingNames() gives the name of the Service or the host of the URL", () => {
  assert.deepEqual(servingNames({ service: "webhook", namespace: "sidecarset" }), {
    dns: ["webhook.sidecarset.svc"],
    ip: [],
  });
  assert.deepEqual(servingNames({ url: "https://laptop.example:8443/" }), {
    dns: ["laptop.example"],
    ip: [],
  });
  assert.deepEqual(servingNames({ url: "https://127.0.0.1:8443" }), { dns: [], ip: ["127.0.0.1"] });
  assert.deepEqual(servingNames({ url: "https://[::1]:8443" }), { dns: [], ip: ["::1"] });
});

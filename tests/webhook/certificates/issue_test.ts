import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
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

/** A CA as earlier versions stored it. The text types of its name differ from those of a new one. */
const EARLIER_AUTHORITY = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBzjCCAXSgAwIBAgIRANpemXpI1MI2772LtOGo2pcwCgYIKoZIzj0EAwIwRTFD
MEEGA1UEAxM6c2lkZWNhcnNldC13ZWJob29rLWNhLTJmYTYyNWJhLWQzZmMtNGYz
My04YjZkLWZlZmUwNjRiMTZiODAeFw0yNjExMjkxODUwMDRaFw0zNjExMjYxODU1
MDRaMEUxQzBBBgNVBAMTOnNpZGVjYXJzZXQtd2ViaG9vay1jYS0yZmE2MjViYS1k
M2ZjLTRmMzMtOGI2ZC1mZWZlMDY0YjE2YjgwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARaIJpAHETpN4etyqee5SEHBNteb67RY6g8IC3M0OKqNic9zoGTktsywkP2
Y9kWVjjidIyRP5kFq/BGRa/0fVfAo0UwQzASBgNVHRMBAf8ECDAGAQH/AgEAMA4G
A1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUzU2I+iFBTR6nrxyP89Ug2Vy07tIwCgYI
KoZIzj0EAwIDSAAwRQIhAJQ50AlZFneV7lvWjZZ3yElAr4z4eIi19BC8v0qzdZiq
AiAKIsjhV+wCVmkXWA+BIYngIHkmI2WvvZLdZxt+uRX4Eg==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnN66UxKg+68pO9Lw
Oa2h7xus2NCnuRST7UcPHiEklquhRANCAARaIJpAHETpN4etyqee5SEHBNteb67R
Y6g8IC3M0OKqNic9zoGTktsywkP2Y9kWVjjidIyRP5kFq/BGRa/0fVfA
-----END PRIVATE KEY-----
`,
  notBefore: new Date("2026-11-29T18:50:04.000Z"),
  notAfter: new Date("2036-11-26T18:55:04.000Z"),
};

Deno.test("issueServingCertificate() signs by a CA that an earlier version stored", async () => {
  const later = new Date("2027-01-01T00:00:00Z");
  const options = { now: later, lifetimeSeconds: 600, names };
  const leaf = await issueServingCertificate(EARLIER_AUTHORITY, options);
  const root = new X509Certificate(EARLIER_AUTHORITY.cert);
  const certificate = new X509Certificate(leaf.cert);
  assert.equal(certificate.checkIssued(root), true);
  assert.equal(certificate.verify(root.publicKey), true);
});

const keyOf = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
const REFUSED_KEYS: Readonly<Record<string, KeyObject>> = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  ed25519: generateKeyPairSync("ed25519").privateKey,
  secp521r1: keyOf("P-521"),
  secp256k1: keyOf("secp256k1"),
};
for (const [kind, privateKey] of Object.entries(REFUSED_KEYS)) {
  Deno.test(`issueServingCertificate() refuses a CA whose key is of type ${kind}`, async () => {
    const authority = await issueAuthority({ now, lifetimeSeconds: 3600 });
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await assert.rejects(
      () => issueServingCertificate({ ...authority, key }, { now, lifetimeSeconds: 600, names }),
      new RegExp(`of type ${kind}; store an ECDSA key of P-256 or P-384`),
    );
  });
}

Deno.test("issueServingCertificate() never outlives its authority", async () => {
  const authority = await issueAuthority({ now, lifetimeSeconds: 60 });
  const leaf = await issueServingCertificate(authority, { now, lifetimeSeconds: 3600, names });
  assert.deepEqual(leaf.notAfter, authority.notAfter);
  assert.deepEqual(leaf.notBefore, authority.notBefore);
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

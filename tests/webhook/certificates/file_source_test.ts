import assert from "node:assert/strict";
import { createFileSource } from "../../../lib/webhook/certificates/file_source.ts";
import type { TlsIdentity } from "../../../lib/webhook/certificates/identity.ts";
import {
  issueAuthority,
  issueServingCertificate,
} from "../../../lib/webhook/certificates/issue.ts";
import { keepChecking, type ServingCertificate } from "../../../lib/webhook/certificates/source.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { recordingLogger } from "../fixtures.ts";

const now = new Date("2026-05-01T12:00:00Z");

async function identities() {
  const authority = await issueAuthority({ now, lifetimeSeconds: 3600 });
  const names = { dns: ["webhook.test"], ip: [] };
  const options = { now, lifetimeSeconds: 600, names };
  return {
    authority,
    one: await issueServingCertificate(authority, options),
    two: await issueServingCertificate(authority, options),
  };
}

/** A folder in memory that is read as a mounted Secret. */
function folderWith(identity: TlsIdentity, ca = identity.cert) {
  const files = new Map<string, string>();
  const put = ({ cert, key }: TlsIdentity) => {
    files.set("/certs/tls.crt", cert).set("/certs/tls.key", key);
  };
  put(identity);
  files.set("/certs/ca.crt", ca);
  const clock = new ManualClock(now);
  const certificates: ServingCertificate[] = [];
  const bundles: string[] = [];
  const trusted: { bundle: string | undefined } = { bundle: undefined };
  const listener = { failing: false };
  const source = createFileSource({
    folder: "/certs",
    clock,
    settleSeconds: 60,
    isTrusted: (authority) => (trusted.bundle ?? bundles.at(-1) ?? "").includes(authority.trim()),
    listener: {
      onCertificate(certificate) {
        certificates.push(certificate);
        if (listener.failing) throw new Error("the listener failed");
      },
      onCaBundle: (bundle) => bundles.push(bundle),
    },
    readTextFile(path) {
      const text = files.get(path);
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(`no file ${path}`))
        : Promise.resolve(text);
    },
  });
  return { clock, files, put, source, certificates, bundles, trusted, listener };
}

Deno.test("createFileSource() emits a certificate once and again when its bytes change", async () => {
  const { authority, one, two } = await identities();
  const { put, source, certificates, bundles } = folderWith(one, authority.cert);
  await source.check();
  await source.check();
  put(two);
  await source.check();
  assert.deepEqual(certificates.map(({ cert }) => cert), [one.cert, two.cert]);
  assert.deepEqual(source.current()?.notAfter, two.notAfter);
  assert.deepEqual(bundles, [authority.cert]);
  assert.equal(source.caBundle(), authority.cert);
});

Deno.test("createFileSource() offers a certificate again after a listener that failed", async () => {
  const { one, two } = await identities();
  const { put, source, certificates, listener } = folderWith(one);
  listener.failing = true;
  await assert.rejects(source.check(), /the listener failed/);
  assert.equal(source.current(), undefined);
  listener.failing = false;
  await source.check();
  assert.equal(source.current()?.cert, one.cert);
  put(two);
  listener.failing = true;
  await assert.rejects(source.check(), /the listener failed/);
  assert.equal(source.current()?.cert, one.cert);
  listener.failing = false;
  await source.check();
  await source.check();
  assert.equal(source.current()?.cert, two.cert);
  assert.deepEqual(certificates.map(({ cert }) => cert), [one, one, two, two].map((i) => i.cert));
});

Deno.test("createFileSource() needs each of the files, and names the one that is missing", async () => {
  for (const name of ["tls.crt", "tls.key", "ca.crt"]) {
    const { one } = await identities();
    const { files, source } = folderWith(one);
    files.delete(`/certs/${name}`);
    await assert.rejects(source.check(), new RegExp(`no file /certs/${name}`));
    assert.equal(source.current(), undefined);
  }
});

Deno.test("createFileSource() rejects a CA file without a certificate", async () => {
  const { one } = await identities();
  const { source } = folderWith(one, "# none\n");
  await assert.rejects(source.check(), /Cannot use ca\.crt in \/certs: it has no certificate/);
  assert.equal(source.caBundle(), "");
});

Deno.test("createFileSource() serves a certificate of another authority once clients trust that", async () => {
  const { authority, one } = await identities();
  const other = await identities();
  const { clock, files, put, source, certificates, trusted } = folderWith(one, authority.cert);
  await source.check();
  const both = other.authority.cert + authority.cert;
  trusted.bundle = authority.cert;
  put(other.one);
  files.set("/certs/ca.crt", other.authority.cert);
  for (const seconds of [0, 120]) {
    await clock.advance(seconds * 1_000);
    await source.check();
    assert.deepEqual(certificates.map(({ cert }) => cert), [one.cert], "clients have not got it");
    assert.equal(source.caBundle(), both);
  }
  trusted.bundle = both;
  await source.check();
  assert.deepEqual(certificates.map(({ cert }) => cert), [one.cert, other.one.cert]);
  assert.equal(source.caBundle(), other.authority.cert);
});

Deno.test("createFileSource() takes no certificate for one of the authority before it", async () => {
  const { authority, one } = await identities();
  const other = await identities();
  const { files, put, source } = folderWith(one, authority.cert);
  // The folder is exchanged after the first file was read.
  const read = files.get.bind(files);
  files.get = (path) => {
    const text = read(path);
    put(other.one);
    files.set("/certs/ca.crt", other.authority.cert);
    return text;
  };
  await assert.rejects(source.check(), /replaced while they were read/);
  await source.check();
  assert.equal(source.caBundle(), other.authority.cert);
});

Deno.test("createFileSource() does not wait for clients when what it serves has ended", async () => {
  const { authority, one } = await identities();
  const other = await identities();
  const { clock, files, put, source, trusted } = folderWith(one, authority.cert);
  await source.check();
  trusted.bundle = authority.cert;
  put(other.one);
  files.set("/certs/ca.crt", other.authority.cert);
  await clock.advance(601_000);
  await source.check();
  assert.equal(source.current()?.cert, other.one.cert);
});

Deno.test("createFileSource() keeps what it has while the pair does not fit together", async () => {
  const { one, two } = await identities();
  const { files, put, source } = folderWith(one);
  await source.check();
  put({ cert: two.cert, key: one.key });
  await assert.rejects(
    source.check(),
    /Cannot use tls\.crt and tls\.key in \/certs: the key does not belong/,
  );
  files.delete("/certs/tls.key");
  await assert.rejects(source.check(), /no file/);
  assert.equal(source.current()?.cert, one.cert);
  put(two);
  await source.check();
  assert.equal(source.current()?.cert, two.cert);
});

Deno.test("keepChecking() checks at every turn, outlives failures and ends with its signal", async () => {
  const { one, two } = await identities();
  const { files, put, source, certificates } = folderWith(one);
  const clock = new ManualClock();
  const logger = recordingLogger();
  const stop = new AbortController();
  const done = keepChecking(source, { clock, logger, signal: stop.signal });
  await clock.advance(0);
  files.delete("/certs/tls.crt");
  await clock.advance(10_000);
  assert.match(String(logger.lines[0]?.fields.error), /no file/);
  put(two);
  await clock.advance(10_000);
  assert.equal(certificates.length, 2);
  stop.abort();
  await done;
});

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
function folderWith(identity: TlsIdentity, ca?: string) {
  const files = new Map<string, string>();
  const put = ({ cert, key }: TlsIdentity) => {
    files.set("/certs/tls.crt", cert).set("/certs/tls.key", key);
  };
  put(identity);
  if (ca !== undefined) files.set("/certs/ca.crt", ca);
  const certificates: ServingCertificate[] = [];
  const bundles: string[] = [];
  const source = createFileSource({
    folder: "/certs",
    listener: {
      onCertificate: (certificate) => certificates.push(certificate),
      onCaBundle: (bundle) => bundles.push(bundle),
    },
    readTextFile(path) {
      const text = files.get(path);
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(`no file ${path}`))
        : Promise.resolve(text);
    },
  });
  return { files, put, source, certificates, bundles };
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

Deno.test("createFileSource() needs no ca.crt", async () => {
  const { one } = await identities();
  const { source } = folderWith(one);
  await source.check();
  assert.equal(source.caBundle(), "");
  assert.equal(source.current()?.cert, one.cert);
});

Deno.test("createFileSource() keeps what it has while the pair does not fit together", async () => {
  const { one, two } = await identities();
  const { files, put, source } = folderWith(one);
  await source.check();
  put({ cert: two.cert, key: one.key });
  await assert.rejects(
    source.check(),
    /Cannot use tls\.crt and tls\.key in \/certs: the key is not/,
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

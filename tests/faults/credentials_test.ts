import assert from "node:assert/strict";
import { createServer } from "node:https";
import { once } from "node:events";
import { credentialsOf, type Identity } from "../../lib/kube/credentials.ts";
import { ApiError, ConnectionError } from "../../lib/kube/errors.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { fixedText, TextFile } from "../../lib/kube/text_source.ts";
import { FetchClient, type Observation } from "../../lib/kube/transport.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";
import { MUTUAL_TLS } from "./mutual_tls.ts";
import { recordingLogger } from "./reflecting.ts";
import { configMap, failure, ScriptedServer } from "./scripted_server.ts";

const request = get(resources.configMaps, { namespace: "default", name: "a" });

function filesOf(files: Map<string, string>, clock = new ManualClock()) {
  const host = {
    readTextFile(path: string) {
      const text = files.get(path);
      return text === undefined ? Promise.reject(new Error("no such file")) : Promise.resolve(text);
    },
  };
  return (path: string) => new TextFile(path, { host, clock, logger: recordingLogger([]) });
}

function clientOf(server: string, { ca, identity, observe }: {
  ca?: Parameters<typeof credentialsOf>[0];
  identity?: Identity;
  observe?: (observation: Observation) => void;
}): FetchClient {
  return new FetchClient({
    cluster: {
      server,
      defaultNamespace: "default",
      credentials: credentialsOf(ca, identity ?? {}),
    },
    clock: systemClock(),
    userAgent: "test",
    ...(observe ? { observe } : {}),
  });
}

function accepting(token: () => string): ScriptedServer {
  return new ScriptedServer(({ headers }) =>
    headers.get("authorization") === `Bearer ${token()}`
      ? Response.json(configMap("a", "1"))
      : failure(401, { reason: "Unauthorized" })
  );
}

Deno.test("a token file that was rotated is read at once after a 401, and the request sent again", async () => {
  const files = new Map([["token", "old"]]);
  let accepted = "old";
  await using server = accepting(() => accepted);
  const codes: (number | undefined)[] = [];
  const client = clientOf(server.url, {
    identity: { token: filesOf(files)("token") },
    observe: ({ code }) => codes.push(code),
  });
  await send(client, request);
  files.set("token", "new\n");
  accepted = "new";
  const object = await send(client, request);
  assert.equal(object.metadata.name, "a");
  assert.deepEqual(codes, [200, 401, 200]);
  client.close();
});

Deno.test("a second 401 is the answer", async () => {
  await using server = accepting(() => "another");
  const client = clientOf(server.url, { identity: { token: fixedText("mine") } });
  await assert.rejects(
    send(client, request),
    (error) => error instanceof ApiError && error.httpCode === 401,
  );
  assert.equal(server.seen.length, 2);
  client.close();
});

Deno.test("a request body is sent again in full after a 401", async () => {
  const files = new Map([["token", "old"]]);
  await using server = accepting(() => "new");
  const client = clientOf(server.url, { identity: { token: filesOf(files)("token") } });
  await assert.rejects(send(client, request));
  files.set("token", "new");
  await client.performRequest({ method: "PUT", path: "/x", bodyJson: { a: 1 }, expectJson: true });
  assert.deepEqual(server.seen.slice(-2).map(({ body }) => body), ['{"a":1}', '{"a":1}']);
  client.close();
});

Deno.test("a token file that cannot be read again leaves the last token in use", async () => {
  const files = new Map([["token", "good"]]);
  const clock = new ManualClock();
  await using server = accepting(() => "good");
  const client = clientOf(server.url, { identity: { token: filesOf(files, clock)("token") } });
  await send(client, request);
  files.delete("token");
  await clock.advance(61_000);
  await send(client, request);
  client.close();
});

Deno.test("a CA that changed makes new connections trust the new one", async () => {
  const before = await createTestPki();
  const after = await createTestPki();
  const files = new Map([["ca", before.authority.cert]]);
  const clock = new ManualClock();
  await using old = new ScriptedServer(
    () => Response.json(configMap("a", "1")),
    await before.issue(),
  );
  const ca = filesOf(files, clock)("ca");
  const client = clientOf(old.url, { ca });
  await send(client, request);
  client.close();

  await using renewed = new ScriptedServer(
    () => Response.json(configMap("a", "2")),
    await after.issue(),
  );
  const next = clientOf(renewed.url, { ca });
  await assert.rejects(send(next, request), ConnectionError);
  files.set("ca", after.authority.cert);
  await clock.advance(61_000);
  assert.equal((await send(next, request)).metadata.resourceVersion, "2");
  next.close();
});

Deno.test("a client certificate is shown to the server", async () => {
  const { ca, ...leaf } = MUTUAL_TLS;
  const server = createServer(
    { ...leaf, ca, requestCert: true, rejectUnauthorized: true },
    (_, response) => response.end(JSON.stringify(configMap("a", "1"))),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const certificate = { cert: fixedText(leaf.cert), key: fixedText(leaf.key) };
  const url = `https://127.0.0.1:${address.port}`;
  const client = clientOf(url, { ca: fixedText(ca), identity: { certificate } });
  const stranger = clientOf(url, { ca: fixedText(ca) });
  try {
    assert.equal((await send(client, request)).metadata.name, "a");
    await assert.rejects(send(stranger, request), ConnectionError);
  } finally {
    client.close();
    stranger.close();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

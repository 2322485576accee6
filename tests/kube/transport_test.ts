import assert from "node:assert/strict";
import type { RequestOptions } from "../../lib/kube/contract.ts";
import { credentialsOf } from "../../lib/kube/credentials.ts";
import { ApiError, ConnectionError } from "../../lib/kube/errors.ts";
import {
  FetchClient,
  type FetchClientOptions,
  type Observation,
} from "../../lib/kube/transport.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { failure, ScriptedServer, type Seen, stream } from "../faults/scripted_server.ts";

type Answer = (seen: Seen) => Response | Promise<Response>;

/** Runs a test with a server that answers as given and a client of it. */
async function withClient(
  { answer, ...options }: { answer: Answer } & Partial<FetchClientOptions>,
  test: (client: FetchClient, server: ScriptedServer) => Promise<void>,
): Promise<void> {
  await using server = new ScriptedServer(answer);
  const client = new FetchClient({
    cluster: {
      server: server.url,
      defaultNamespace: "mine",
      credentials: credentialsOf(undefined, {}),
    },
    clock: systemClock(),
    userAgent: "sidecarset/1.0",
    ...options,
  });
  try {
    await test(client, server);
  } finally {
    client.close();
  }
}

const ok: Answer = () => Response.json({ ok: true });
const read = { method: "GET", path: "/api", expectJson: true } as const;

Deno.test("FetchClient sends method, path, query, headers and body as asked", () =>
  withClient({ answer: ok }, async (client, server) => {
    const value = await client.performRequest({
      method: "PATCH",
      path: "/api/v1/pods/a",
      querystring: new URLSearchParams({ dryRun: "All" }),
      contentType: "application/merge-patch+json",
      bodyJson: { a: "ü", absent: undefined },
      expectJson: true,
    });
    assert.deepEqual(value, { ok: true });
    const [seen] = server.seen;
    assert.ok(seen);
    assert.equal(`${seen.method} ${seen.path}?${seen.query}`, "PATCH /api/v1/pods/a?dryRun=All");
    assert.equal(seen.body, '{"a":"ü"}');
    assert.equal(seen.headers.get("content-type"), "application/merge-patch+json");
    assert.equal(seen.headers.get("user-agent"), "sidecarset/1.0");
    assert.equal(seen.headers.get("accept"), "application/json");
    assert.equal(seen.headers.get("authorization"), null);
    assert.equal(client.defaultNamespace, "mine");
  }));

Deno.test("FetchClient answers in the form that the flags ask for", () =>
  withClient({ answer: () => stream(["1\n", "2\n"], "end") }, async (client) => {
    const bytes = await client.performRequest({ method: "GET", path: "/" });
    assert.equal(new TextDecoder().decode(bytes), "1\n2\n");
    const values = await client.performRequest({ ...read, expectStream: true });
    assert.deepEqual(await Array.fromAsync(values), [1, 2]);
    const parseLine = (line: string) => `<${line}>`;
    const lines = await client.performRequest({ ...read, expectStream: true, parseLine });
    assert.deepEqual(await Array.fromAsync(lines), ["<1>", "<2>"]);
  }));

for (
  const [what, answer, expected] of [
    ["a Status", () => failure(409, { reason: "Conflict" }), {
      httpCode: 409,
      reason: "Conflict",
      retryAfterSeconds: undefined,
    }],
    [
      "plain text",
      () => new Response("Too many requests", { status: 429, headers: { "retry-after": "1" } }),
      {
        httpCode: 429,
        reason: "",
        retryAfterSeconds: 1,
      },
    ],
    ["nothing", () => new Response(null, { status: 503, headers: { "retry-after": "soon" } }), {
      httpCode: 503,
      reason: "",
      retryAfterSeconds: undefined,
    }],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "/other" } }), {
      httpCode: 302,
      reason: "",
      retryAfterSeconds: undefined,
    }],
  ] as const
) {
  Deno.test(`FetchClient rejects with an ApiError for an error that comes with ${what}`, () =>
    withClient({ answer }, async (client, server) => {
      await assert.rejects(client.performRequest(read), (error) => {
        assert.ok(error instanceof ApiError);
        const { httpCode, reason, retryAfterSeconds } = error;
        assert.deepEqual({ httpCode, reason, retryAfterSeconds }, expected);
        return true;
      });
      assert.equal(server.seen.length, 1);
    }));
}

Deno.test("FetchClient rejects with a ConnectionError for a body that is not JSON", () =>
  withClient({ answer: () => new Response("<html>") }, async (client) => {
    await assert.rejects(client.performRequest(read), {
      name: "ConnectionError",
      message: "Cannot GET /api: the response is not JSON",
    });
  }));

Deno.test("FetchClient rejects with a ConnectionError that says why there was no answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const client = new FetchClient({
    cluster: {
      server: `http://127.0.0.1:${port}`,
      defaultNamespace: "",
      credentials: credentialsOf(undefined, {}),
    },
    clock: systemClock(),
    userAgent: "test",
  });
  await assert.rejects(client.performRequest(read), (error) => {
    assert.ok(error instanceof ConnectionError);
    const answer = new RegExp(
      `^Cannot GET /api: no answer from http://127.0.0.1:${port}: .*refused`,
      "i",
    );
    assert.match(error.message, answer);
    assert.doesNotMatch(error.message, /sending request|client error/);
    return true;
  });
  client.close();
});

Deno.test("FetchClient waits five seconds for a short read, and thirty for a page or a write", async () => {
  const query = (text: string) => ({ querystring: new URLSearchParams(text) });
  const write = { method: "PATCH", path: "/api", bodyJson: {}, expectJson: true } as const;
  const requests: [string, RequestOptions, number][] = [
    ["one object", read, 5_000],
    ["a page of one object", { ...read, ...query("limit=1") }, 5_000],
    ["the head of a watch", { ...read, ...query("watch=1"), expectStream: true }, 5_000],
    ["a page", { ...read, ...query("limit=100") }, 30_000],
    ["a write", write, 30_000],
    ["a write that has less time", { ...write, timeoutMs: 9_000 }, 9_000],
    ["a write that could have more", { ...write, timeoutMs: 90_000 }, 30_000],
  ];
  for (const [what, request, milliseconds] of requests) {
    const clock = new ManualClock();
    await withClient({ answer: () => new Promise(() => {}), clock }, async (client, server) => {
      let problem: unknown;
      const sent = client.performRequest(request).catch((error) => problem = error);
      await eventually(() => server.seen.length === 1, { what: "the request has arrived" });
      await clock.advance(milliseconds - 1);
      assert.equal(problem, undefined, what);
      await clock.advance(1);
      await sent;
      assert.match(String(problem), /there was no answer in time/, what);
    });
  }
});

Deno.test("FetchClient rejects a response that does not begin or end in time", async () => {
  const answers: Answer[] = [() => new Promise(() => {}), () => stream(["{"], "silence")];
  for (const answer of answers) {
    await withClient({ answer, requestTimeoutMs: 50 }, async (client) => {
      await assert.rejects(client.performRequest(read), {
        name: "ConnectionError",
        message: "Cannot GET /api: there was no answer in time",
      });
    });
  }
});

Deno.test("FetchClient does not count the time of a stream once it has begun", () =>
  withClient({ answer: () => stream(["1\n"], "silence"), requestTimeoutMs: 50 }, async (client) => {
    const stop = new AbortController();
    const values = await client.performRequest({
      ...read,
      expectStream: true,
      abortSignal: stop.signal,
    });
    const reader = values.getReader();
    await reader.read();
    await systemClock().sleep(100);
    const pending = reader.read();
    stop.abort(new Error("enough"));
    await assert.rejects(pending, /enough/);
  }));

Deno.test("FetchClient rejects with the signal's reason when it is aborted, before or meanwhile", () =>
  withClient({ answer: () => new Promise(() => {}) }, async (client, server) => {
    const reason = new Error("stopping");
    const aborted = AbortSignal.abort(reason);
    await assert.rejects(client.performRequest({ ...read, abortSignal: aborted }), reason);
    assert.equal(server.seen.length, 0);
    const stop = new AbortController();
    const pending = client.performRequest({ ...read, abortSignal: stop.signal });
    stop.abort(reason);
    await assert.rejects(pending, reason);
  }));

Deno.test("FetchClient reports each request with its code, its duration and the server's time", async () => {
  const reported: Observation[] = [];
  const answer: Answer = ({ path }) => path === "/api" ? failure(404) : Response.json({});
  await withClient(
    { answer, observe: (observation) => reported.push(observation) },
    async (client) => {
      await client.performRequest({ ...read, path: "/version" });
      await assert.rejects(client.performRequest(read));
    },
  );
  assert.deepEqual(reported.map(({ method, path, code }) => [method, path, code]), [
    ["GET", "/version", 200],
    ["GET", "/api", 404],
  ]);
  assert.ok(reported.every(({ durationMs }) => durationMs > 0));
  assert.ok(reported.every(({ date = "" }) => !Number.isNaN(Date.parse(date))));
});

Deno.test("FetchClient asks right before each request, the repeated one included, whether to send it", () => {
  let allowed = 2;
  const beforeSend = () => {
    if (allowed-- <= 0) throw new Error("not any more");
  };
  return withClient({ answer: () => failure(401) }, async (client, server) => {
    await assert.rejects(client.performRequest({ ...read, beforeSend }), ApiError);
    assert.equal(server.seen.length, 2);
    await assert.rejects(client.performRequest({ ...read, beforeSend }), /^Error: not any more$/);
    assert.equal(server.seen.length, 2);
  });
});

Deno.test("FetchClient rejects every request with an unreadable client certificate", async () => {
  const pem = { read: () => Promise.resolve("no PEM"), expire() {} };
  const credentials = credentialsOf(undefined, { certificate: { cert: pem, key: pem } });
  const client = new FetchClient({
    cluster: { server: "http://127.0.0.1:9", defaultNamespace: "", credentials },
    clock: systemClock(),
    userAgent: "test",
  });
  for (let i = 0; i < 2; i++) {
    await assert.rejects(client.performRequest(read), {
      name: "CredentialsError",
      message: /^Cannot use the client certificate: /,
    });
  }
  client.close();
});

Deno.test("FetchClient acts as another user where it is asked to", () =>
  withClient({ answer: ok, impersonate: "jane" }, async (client, server) => {
    await client.performRequest(read);
    assert.equal(server.seen.at(-1)?.headers.get("impersonate-user"), "jane");
  }));

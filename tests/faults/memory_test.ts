import assert from "node:assert/strict";
import { containerSettings } from "../support/container_settings.ts";
import { recordedReview } from "../webhook/fixtures.ts";
import { ScriptedServer, stream } from "./scripted_server.ts";

const KIBIBYTE = 1024;
const MEBIBYTE = KIBIBYTE * KIBIBYTE;
const REVIEW = recordedReview("bare-pod");

/** A review with as many of a value as make it so long: once parsed, `{}` takes 21 times its size. */
function reviewOf(value: string, bytes: number): string {
  const values = Array(Math.floor(bytes / (value.length + 1))).fill(value).join();
  return REVIEW.replace('"spec":{', `"spec":{"imagePullSecrets":[${values}],`);
}

/** Runs a script under the heap limit of the manifests; resolves when it has printed a line of JSON. */
async function startLimited(script: string, variables: Readonly<Record<string, string>> = {}) {
  const { env } = await containerSettings();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", new URL(script, import.meta.url).pathname],
    env: { ...variables, DENO_V8_FLAGS: env.DENO_V8_FLAGS ?? "" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const errors = new Response(child.stderr).text();
  const { value = "null" } = await reader.read();
  return {
    said: JSON.parse(value),
    /** Ends it; resolves to what it wrote to standard error, which is nothing unless it crashed. */
    async stop(): Promise<string> {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await child.status;
      await reader.cancel();
      return await errors;
    },
  };
}

Deno.test("the webhook survives reviews of millions of small values within its heap limit", async () => {
  const server = await startLimited("webhook_server.ts");
  const { port, ca } = server.said;
  const clients = Array.from({ length: 4 }, () => Deno.createHttpClient({ caCerts: [ca] }));
  const send = async (body: string, client = clients[0]) => {
    const response = await fetch(`https://127.0.0.1:${port}/mutate-pod`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      ...(client ? { client } : {}),
    });
    await response.body?.cancel();
    return response.status;
  };
  try {
    const statuses: number[] = [];
    for (const bytes of [200 * KIBIBYTE, 3 * MEBIBYTE]) {
      const body = reviewOf("{}", bytes);
      const load = Array.from({ length: 24 }, (_, i) => send(body, clients[i % clients.length]));
      assert.equal(await send(REVIEW), 200, "a usual review is answered meanwhile");
      statuses.push(...await Promise.all(load));
      assert.equal(await send(body), 200, "alone such a review is answered");
    }
    assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  } finally {
    for (const client of clients) client.close();
    assert.equal(await server.stop(), "");
  }
});

Deno.test("a list of Pods of millions of small values is read under the manifests' heap limit", async () => {
  const total = 16;
  // About as much as etcd stores of a Pod.
  const values = Array(450_000).fill("{}").join();
  await using server = new ScriptedServer(({ query, isWatch }) => {
    if (isWatch) return stream([], "silence");
    const from = Number(query.get("continue") ?? 0);
    const next = Math.min(total, from + Number(query.get("limit")));
    const metadata = JSON.stringify({
      resourceVersion: "100",
      ...(next < total ? { continue: String(next) } : {}),
    });
    const items = Array.from(
      { length: next - from },
      (_, i) =>
        `{"metadata":{"name":"pod-${from + i}","namespace":"default","resourceVersion":"100"},` +
        `"spec":{"containers":[{"name":"main"}],"imagePullSecrets":[${values}]}}`,
    );
    return new Response(`{"metadata":${metadata},"items":[${items.join()}]}`);
  });
  const reader = await startLimited("list_reader.ts", { SERVER: server.url });
  assert.equal(await reader.stop(), "");
  assert.equal(reader.said, total);
});

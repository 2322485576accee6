import assert from "node:assert/strict";
import {
  configMap,
  event,
  failure,
  page,
  ScriptedServer,
  type Seen,
  stream,
} from "./scripted_server.ts";
import { plainClient, Reflecting } from "./reflecting.ts";

/** Answers lists by the script, its last answer again and again, and keeps watches open. */
function listing(...answers: ((seen: Seen) => Response)[]): ScriptedServer {
  let next = 0;
  return new ScriptedServer((seen) => {
    if (seen.isWatch) return stream([], "silence");
    const answer = answers[Math.min(next++, answers.length - 1)];
    return answer ? answer(seen) : failure(500);
  });
}

const tokens = (server: ScriptedServer) => server.lists.map(({ query }) => query.get("continue"));

Deno.test("a list is reported page by page, and its end after the last", async () => {
  await using server = listing(
    () => page(["a", "b"], { version: "100", token: "more" }),
    () => page(["c"], { version: "100" }),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a,b &c .");
  assert.deepEqual(tokens(server), [null, "more"]);
});

Deno.test("a 410 while paging begins a new list and discards the pages before", async () => {
  await using server = listing(
    () => page(["stale"], { version: "100", token: "more" }),
    () => failure(410, { reason: "Expired" }),
    () => page(["a"], { version: "200", token: "more2" }),
    () => page(["b"], { version: "200" }),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=stale =a &b .");
  assert.deepEqual(tokens(server), [null, "more", null, "more2"]);
});

Deno.test("a 500 while paging asks for the same page again", async () => {
  await using server = listing(
    () => page(["a"], { version: "100", token: "more" }),
    () => failure(500),
    () => page(["b"], { version: "100" }),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a &b .");
  assert.deepEqual(tokens(server), [null, "more", "more"]);
});

Deno.test("a 429 is obeyed for as long as its Retry-After says, but not longer than API servers ask for", async () => {
  await using server = listing(
    () => failure(429, { headers: { "retry-after": "3" } }),
    () => failure(429, { headers: { "retry-after": "3600" } }),
    () => page(["a"], { version: "100" }),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  const before = reflecting.clock.monotonic();
  await reflecting.untilReported("=a .");
  const passed = reflecting.clock.monotonic() - before;
  assert.ok(passed >= 3_000 + 8_000 && passed < 600_000, `${passed} ms`);
  assert.equal(server.lists.length, 3);
});

Deno.test("answers that are no list are tried again, with growing delays", async () => {
  await using server = listing(
    () => failure(503),
    () => new Response("<html>a proxy's page</html>"),
    () => Response.json({ kind: "ConfigMapList" }),
    () => Response.json({ metadata: {}, items: [] }),
    () => page(["a"], { version: "100" }),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  const before = reflecting.clock.monotonic();
  await reflecting.untilReported("=a .");
  assert.ok(reflecting.clock.monotonic() - before >= 600 + 1_200 + 2_400 + 4_800);
});

Deno.test("a 403 is logged once and means not synced, until the right is granted", async () => {
  const refused = () => failure(403, { reason: "Forbidden" });
  await using server = listing(...Array(7).fill(refused), () => page(["a"], { version: "100" }));
  await using reflecting = new Reflecting(plainClient(server.url));
  const before = reflecting.clock.monotonic();
  assert.equal(reflecting.loop.isSynced(), false);
  await reflecting.untilReported("=a .");
  assert.ok(reflecting.clock.monotonic() - before >= 60_000, "rights are granted by people");
  assert.equal(reflecting.loop.isSynced(), true);
  assert.equal(reflecting.log.filter(({ level }) => level === "warn").length, 1);
});

Deno.test("a permanent 403 means not synced, although everything was reported", async () => {
  await using server = new ScriptedServer(({ isWatch }) =>
    isWatch ? failure(403) : page(["a"], { version: "100" })
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a .");
  assert.equal(reflecting.loop.isSynced(), true);
  while (reflecting.loop.isSynced()) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(server.watches.length > 3, "an API server that has just started refuses everybody");
});

Deno.test("a 403 of an API server that has not read the roles yet ends soon", async () => {
  let watches = 0;
  await using server = new ScriptedServer(({ isWatch }) => {
    if (!isWatch) return page(["a"], { version: "100" });
    return watches++ < 2
      ? failure(403)
      : stream([event("ADDED", configMap("b", "101"))], "silence");
  });
  await using reflecting = new Reflecting(plainClient(server.url));
  const before = reflecting.clock.monotonic();
  await reflecting.untilReported("=a . +b");
  const seconds = (reflecting.clock.monotonic() - before) / 1_000;
  assert.ok(seconds < 30, `it was blind for ${seconds} s`);
});

Deno.test("objects deleted before an expired watch are deleted by the new list", async () => {
  let lists = 0;
  await using server = new ScriptedServer(({ isWatch, query }) => {
    if (!isWatch) return page(lists++ === 0 ? ["a", "b"] : ["b"], { version: `${lists}00` });
    return query.get("resourceVersion") === "100"
      ? failure(410)
      : stream([event("DELETED", configMap("b", "201"))], "silence");
  });
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a,b . =b . -b");
});

Deno.test("a page that is too long is asked for with fewer objects, and later pages grow again", async () => {
  const huge = "x".repeat(3 * 1024 * 1024);
  const total = 60;
  await using server = listing(({ query }) => {
    const limit = Number(query.get("limit"));
    const from = Number(query.get("continue") ?? 0);
    const names = Array.from({ length: Math.min(limit, total - from) }, (_, i) => from + i);
    const next = from + names.length;
    return Response.json({
      metadata: { resourceVersion: "100", ...(next < total ? { continue: String(next) } : {}) },
      items: names.map((name) => ({
        ...configMap(String(name), "100"),
        // Two of them fit into no page, not even together.
        ...(name === 3 || name === 4 ? { data: { huge } } : {}),
      })),
    });
  });
  await using reflecting = new Reflecting(plainClient(server.url));
  let first = 0;
  const pages = [1, 2, 1, 2, 4, 8, 16, 26].map((size) =>
    Array.from({ length: size }, () => first++).join()
  );
  await reflecting.untilReported(`=${pages.join(" &")} .`);
  assert.deepEqual(server.lists.map(({ query }) => query.get("limit")), [
    ...["100", "25", "6", "1", "2", "4", "1", "2", "4", "8", "16", "32"],
  ]);
});

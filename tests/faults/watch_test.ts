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

/** Lists "a" at version 1, answers watches by the script, and keeps those beyond it open. */
function serving(...watches: ((seen: Seen) => Response)[]): ScriptedServer {
  let next = 0;
  let version = 0;
  return new ScriptedServer((seen) => {
    if (!seen.isWatch) return page(["a"], { version: String(version += 100) });
    return watches[next++]?.(seen) ?? stream([], "silence");
  });
}

const added = (name: string, version: string) => event("ADDED", configMap(name, version));
/** Without those of one object, which ask for the store's version. */
const wholeLists = (server: ScriptedServer) =>
  server.lists.filter(({ query }) => query.get("limit") !== "1");
const fromVersions = (server: ScriptedServer) =>
  server.watches.map(({ query }) => query.get("resourceVersion"));

Deno.test("a watch whose connection breaks goes on from its last version", async () => {
  await using server = serving(
    () => stream([added("b", "101")], "break"),
    () => stream([added("c", "102")], "silence"),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b +c");
  assert.deepEqual(fromVersions(server), ["100", "101"]);
  assert.equal(wholeLists(server).length, 1);
});

Deno.test("a watch that is cut in the middle of an event loses nothing and reports nothing twice", async () => {
  await using server = serving(
    () => stream([added("b", "101"), added("c", "102").slice(0, 20)], "end"),
    () => stream([added("c", "102")], "silence"),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b +c");
  assert.deepEqual(fromVersions(server), ["100", "101"]);
});

Deno.test("a watch that goes silent is noticed within its deadline", async () => {
  await using server = serving(
    () => stream([added("b", "101")], "silence"),
    () => stream([added("c", "102")], "silence"),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b");
  const before = reflecting.clock.monotonic();
  await reflecting.untilReported("=a . +b +c");
  const seconds = (reflecting.clock.monotonic() - before) / 1000;
  assert.ok(seconds > 290, `noticed after ${seconds} s, although the watch was alive by then`);
  assert.ok(seconds < 1_200, `noticed after ${seconds} s only`);
  assert.deepEqual(fromVersions(server), ["100", "101"]);
});

/** Sends a byte of one event every few milliseconds, without an end. */
function trickle(): Response {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new Response(
    new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise((resolve) => {
          timer = setTimeout(() => {
            controller.enqueue(new Uint8Array([0x20]));
            resolve();
          }, 5);
        }),
      cancel: () => clearTimeout(timer),
    }),
  );
}

Deno.test("a watch that trickles on without ever completing an event is noticed, too", async () => {
  await using server = serving(trickle, () => stream([added("b", "101")], "silence"));
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b");
});

Deno.test("a watch that is never answered is given up", async () => {
  let watches = 0;
  await using server = new ScriptedServer(({ isWatch }) => {
    if (!isWatch) return page(["a"], { version: "100" });
    return watches++ === 0 ? new Promise(() => {}) : stream([added("b", "101")], "silence");
  });
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b");
});

Deno.test("events that arrive byte by byte are reported complete", async () => {
  await using server = serving(() => stream([...added("ü", "101")], "silence"));
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +ü");
});

Deno.test("an event of 8 MB is reported", async () => {
  const big = { ...configMap("big", "101"), data: { value: "x".repeat(8_000_000) } };
  await using server = serving(() => stream([event("ADDED", big)], "silence"));
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +big");
});

for (
  const [what, answer] of [
    ["an answer 410 to a watch", () => failure(410, { reason: "Expired" })],
    ["an ERROR event 410", () => stream([event("ERROR", { kind: "Status", code: 410 })], "end")],
    ["a line that is not JSON", () => stream(["{ this is no JSON\n"], "silence")],
    ["a value that is not an event", () => stream(["42\n"], "silence")],
    ["an event of an unknown type", () => stream([event("MOVED", configMap("b", "101"))], "end")],
    ["an object without metadata", () => stream([event("ADDED", { name: "b" })], "silence")],
  ] as const
) {
  Deno.test(`${what} leads to one new list, whose result replaces all`, async () => {
    await using server = serving(answer, () => stream([added("c", "201")], "silence"));
    await using reflecting = new Reflecting(plainClient(server.url));
    await reflecting.untilReported("=a . =a . +c");
    assert.equal(wholeLists(server).length, 2);
    assert.deepEqual(fromVersions(server), ["100", "200"]);
  });
}

Deno.test("an ERROR event other than 410 leads to a new watch from the last version", async () => {
  await using server = serving(
    () => stream([added("b", "101"), event("ERROR", { kind: "Status", code: 500 })], "end"),
    () => stream([added("c", "102")], "silence"),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b +c");
  assert.deepEqual(fromVersions(server), ["100", "101"]);
});

Deno.test("a bookmark moves the version on", async () => {
  await using server = serving(
    () => stream([event("BOOKMARK", { metadata: { resourceVersion: "150" } })], "break"),
    () => stream([added("b", "151")], "silence"),
  );
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b");
  assert.deepEqual(fromVersions(server), ["100", "150"]);
});

Deno.test("a server that ends every watch at once is not flooded", async () => {
  const end = () => stream([], "end");
  await using server = serving(end, end, end, end, () => stream([added("b", "101")], "silence"));
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a .");
  const before = reflecting.clock.monotonic();
  await reflecting.untilReported("=a . +b");
  assert.ok(reflecting.clock.monotonic() - before > 600 + 1_200 + 2_400 + 4_800);
});

Deno.test("a watch asks for bookmarks, an end after 290 s and no compression; a list may be compressed", async () => {
  await using server = serving(() => stream([added("b", "101")], "silence"));
  await using reflecting = new Reflecting(plainClient(server.url));
  await reflecting.untilReported("=a . +b");
  const [watch] = server.watches;
  const [list] = server.lists;
  assert.equal(watch?.headers.get("accept-encoding"), "identity");
  assert.equal(watch?.query.get("allowWatchBookmarks"), "true");
  assert.equal(watch?.query.get("timeoutSeconds"), "290");
  assert.match(list?.headers.get("accept-encoding") ?? "", /gzip/);
  assert.equal(list?.query.get("limit"), "100");
  assert.equal(list?.query.has("resourceVersion"), false);
});

Deno.test("a reflector ends on its signal during any wait", async (t) => {
  const never = () => new Promise<Response>(() => {});
  const cases: [string, (seen: Seen) => Response | Promise<Response>][] = [
    ["a page", never],
    ["a watch to open", ({ isWatch }) => isWatch ? never() : page(["a"], { version: "1" })],
    ["an event", ({ isWatch }) => isWatch ? stream([], "silence") : page(["a"], { version: "1" })],
    ["its next try", () => failure(403)],
  ];
  for (const [what, answer] of cases) {
    await t.step(what, async () => {
      const asked = Promise.withResolvers<void>();
      await using server = new ScriptedServer((seen) => {
        if (seen.isWatch || what === "a page" || what === "its next try") asked.resolve();
        return answer(seen);
      });
      await using reflecting = new Reflecting(plainClient(server.url));
      await asked.promise;
      await reflecting.stop();
    });
  }
});

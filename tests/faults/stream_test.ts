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

const added = (name: string, version: string) => event("ADDED", configMap(name, version));
const end = (version: string) => {
  const annotations = { "k8s.io/initial-events-end": "true" };
  return event("BOOKMARK", { metadata: { resourceVersion: version, annotations } });
};
const isStream = ({ query }: Seen) => query.has("sendInitialEvents");

/** Answers streams by the script; lists "p" at version 50; watches report nothing. */
function serving(...streams: ((seen: Seen) => Response)[]): ScriptedServer {
  return new ScriptedServer((seen) => {
    if (isStream(seen)) return streams.shift()?.(seen) ?? failure(500);
    return seen.isWatch ? stream([], "silence") : page(["p"], { version: "50" });
  });
}

function reflecting(server: ScriptedServer): Reflecting {
  return new Reflecting(plainClient(server.url), { streams: true });
}

async function untilWatching(server: ScriptedServer, version: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  const isWatching = ({ query }: Seen) => query.get("resourceVersion") === version;
  while (!server.watches.some(isWatching)) {
    assert.ok(performance.now() < deadline, `no watch from ${version}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("a stream of all objects is asked for as the API server requires it, without compression", async () => {
  await using server = serving(() => stream([added("a", "3"), end("9")], "silence"));
  await using reflector = reflecting(server);
  await reflector.untilReported("=a .");
  const [seen] = server.seen;
  assert.equal(seen?.query.get("watch"), "true");
  assert.equal(seen?.query.get("sendInitialEvents"), "true");
  assert.equal(seen?.query.get("resourceVersionMatch"), "NotOlderThan");
  assert.equal(seen?.query.get("allowWatchBookmarks"), "true");
  assert.equal(seen?.query.has("resourceVersion"), false);
  assert.equal(seen?.headers.get("accept-encoding"), "identity");
  assert.deepEqual(server.lists, []);
});

Deno.test("a streamed list is complete only after its end, and watched from there", async () => {
  let more: ReadableStreamDefaultController<Uint8Array> | undefined;
  const send = (text: string) => more?.enqueue(new TextEncoder().encode(text));
  const open = new ReadableStream<Uint8Array>({ start: (controller) => void (more = controller) });
  await using server = serving(() => new Response(open));
  await using reflector = reflecting(server);
  while (more === undefined || server.seen.length === 0) await reflector.clock.sleep(200);
  send(added("b", "9") + event("BOOKMARK", { metadata: { resourceVersion: "9" } }));
  await reflector.untilReported("=b");
  assert.equal(reflector.loop.isSynced(), false);
  send(added("a", "3") + event("DELETED", configMap("b", "10")) + end("12"));
  await reflector.untilReported("=b &a -b .");
  await untilWatching(server, "12");
  assert.equal(reflector.loop.hasListed(), true);
});

for (const code of [422, 400]) {
  Deno.test(`an API server that refuses streams with ${code} is listed in pages, and not asked again`, async () => {
    await using server = serving(() => failure(code, { reason: "Invalid" }));
    await using reflector = reflecting(server);
    await reflector.untilReported("=p .");
    await untilWatching(server, "50");
    reflector.loop.rollBack();
    await reflector.untilReported("=p . < =p .");
    assert.equal(server.seen.filter(isStream).length, 1);
    assert.deepEqual(reflector.log.filter(({ level }) => level === "warn"), []);
    assert.equal(reflector.loop.problem(), undefined);
  });
}

for (
  const [what, answer] of [
    ["breaks before its end", () => stream([added("a", "3")], "break")],
    ["ends before its end is marked", () => stream([added("a", "3")], "end")],
    ["breaks within an object", () => stream([added("a", "3"), '{"type":"ADD'], "break")],
    ["goes silent before its end", () => stream([added("a", "3")], "silence")],
    ["reports an error", () => stream([added("a", "3"), event("ERROR", { code: 410 })], "end")],
  ] as const
) {
  Deno.test(`a stream that ${what} is followed by a list in pages`, async () => {
    await using server = serving(answer);
    await using reflector = reflecting(server);
    await reflector.untilReported("=a =p .");
    await untilWatching(server, "50");
  });
}

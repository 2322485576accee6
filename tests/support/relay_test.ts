import assert from "node:assert/strict";
import { Relay } from "./relay.ts";

/** Two servers that answer with their names, and a relay that leads to the one that `chosen` names. */
function setUp() {
  const serve = (name: string) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(name));
  const servers = { a: serve("a"), b: serve("b") };
  const state: { chosen: "a" | "b" | undefined } = { chosen: "a" };
  const relay = new Relay(() => state.chosen && servers[state.chosen].addr.port);
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${relay.port}/`, { client });
    return await response.text();
  };
  const end = async () => {
    client.close();
    await relay[Symbol.asyncDispose]();
    await Promise.all([servers.a.shutdown(), servers.b.shutdown()]);
  };
  return { state, relay, ask, portOf: (name: "a" | "b") => servers[name].addr.port, end };
}

Deno.test("Relay keeps a connection where it is until it is ended", async () => {
  const { state, relay, ask, portOf, end } = setUp();
  assert.equal(await ask(), "a");
  state.chosen = "b";
  assert.equal(await ask(), "a");
  relay.end(portOf("a"));
  assert.equal(await ask(), "b");
  await end();
});

Deno.test("Relay holds back what is sent in silence, and delivers it later", async () => {
  const { relay, ask, end } = setUp();
  assert.equal(await ask(), "a");
  relay.silence();
  let answered = false;
  const answer = ask().finally(() => answered = true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(answered, false);
  relay.resume();
  assert.equal(await answer, "a");
  await end();
});

Deno.test("Relay ends a connection for which there is no port", async () => {
  const { state, ask, end } = setUp();
  state.chosen = undefined;
  await assert.rejects(ask());
  await end();
});

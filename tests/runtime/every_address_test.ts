import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { everyAddress } from "../../lib/runtime/listen.ts";

Deno.test("everyAddress() is one that is reached by both families, as far as this machine has them", async () => {
  await using server = Deno.serve(
    { hostname: everyAddress(), port: 0, onListen() {} },
    () => new Response("reached"),
  );
  const loopback = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
    .filter(({ internal, address }) => internal && !address.startsWith("fe80:"));
  assert.ok(loopback.length > 0);
  for (const { address, family } of loopback) {
    const host = family === "IPv6" ? `[${address}]` : address;
    const response = await fetch(`http://${host}:${server.addr.port}/`);
    assert.equal(await response.text(), "reached");
  }
});

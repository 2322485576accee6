import assert from "node:assert/strict";
import { selfCheck, type SelfCheckOptions } from "../../lib/webhook/self_check.ts";
import { createTestPki } from "./tls_fixtures.ts";

/** What the check says of a listener on an address. */
async function check(hostname: string, options: Partial<SelfCheckOptions> = {}) {
  const { authority, issue } = await createTestPki();
  await using server = Deno.serve(
    { ...await issue(), hostname, port: 0, onListen() {} },
    () => new Response(),
  );
  return await selfCheck({
    ...{ hostname, port: server.addr.port, serverName: "localhost", caBundle: authority.cert },
    deadlineMs: 3_000,
    ...options,
  });
}

for (const hostname of ["0.0.0.0", "127.0.0.1", "127.0.0.2"]) {
  Deno.test({
    name: `selfCheck() finds nothing wrong with a listener on ${hostname}`,
    // Elsewhere not the whole of 127.0.0.0/8 is this machine.
    ignore: hostname === "127.0.0.2" && Deno.build.os !== "linux",
    fn: async () => assert.equal(await check(hostname), undefined),
  });
}

Deno.test("selfCheck() says what is wrong as an API server would", async () => {
  assert.match(
    await check("127.0.0.1", { serverName: "other.test" }) ?? "",
    /not valid for name "other\.test"/,
  );
  const { authority } = await createTestPki();
  assert.match(await check("127.0.0.1", { caBundle: authority.cert }) ?? "", /UnknownIssuer/);
  assert.match(await check("127.0.0.1", { port: 1 }) ?? "", /refused/);
});

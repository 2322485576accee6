import assert from "node:assert/strict";

/** What a process with every permission still may do once it has given up what it needs no more. */
async function heldAfterGivingUp(keepRun: boolean): Promise<Record<string, string>> {
  const module = new URL("../../lib/runtime/permissions.ts", import.meta.url);
  const program = `
    import { giveUpPermissions } from "${module}";
    const logger = { debug() {}, info() {}, warn(message) { throw new Error(message); }, error() {} };
    await giveUpPermissions({ keepRun: ${keepRun}, logger });
    const names = ["ffi", "write", "run", "read", "net"];
    const states = names.map((name) => [name, Deno.permissions.querySync({ name }).state]);
    console.log(JSON.stringify(Object.fromEntries(states)));
  `;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("giveUpPermissions() leaves no native code, no writing and no programs", async () => {
  const { read, net, ...others } = await heldAfterGivingUp(false);
  assert.deepEqual({ read, net }, { read: "granted", net: "granted" });
  for (const [name, state] of Object.entries(others)) assert.notEqual(state, "granted", name);
});

Deno.test("giveUpPermissions() keeps programs for a credential plugin, and nothing else", async () => {
  const { run, ffi, write } = await heldAfterGivingUp(true);
  assert.equal(run, "granted");
  assert.notEqual(ffi, "granted");
  assert.notEqual(write, "granted");
});

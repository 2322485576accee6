import assert from "node:assert/strict";

interface Outcome {
  /** Permissions that are held before and after, of those that `probes` names. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** What was logged. */
  readonly kept: readonly string[];
}

/** Runs a process with the given permissions that drops those it no longer needs. */
async function heldAfterDropping(
  { keepRun, permissions }: { keepRun: boolean; permissions: readonly string[] },
): Promise<Outcome> {
  const module = new URL("../../lib/runtime/permissions.ts", import.meta.url);
  const program = `
    import { dropPermissions } from "${module}";
    const probes = [
      { name: "env", variable: "KUBECONFIG" },
      { name: "ffi", path: "/lib64/libc.so.6" },
      { name: "net" },
      { name: "read" },
      { name: "run" },
      { name: "sys", kind: "hostname" },
      { name: "write" },
    ];
    const held = () => probes.filter((probe) => Deno.permissions.querySync(probe).state === "granted")
      .map(({ name }) => name);
    const before = held();
    let kept = [];
    const logger = {
      debug() {},
      info: (_, fields) => kept = fields.kept,
      warn(message) { throw new Error(message); },
      error() {},
    };
    await dropPermissions({ keepRun: ${keepRun}, logger });
    console.log(JSON.stringify({ before, after: held(), kept }));
  `;
  const folder = new URL("../../", import.meta.url);
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, program);
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--config=deno.json", "--no-check", ...permissions, file],
      cwd: folder,
      stderr: "inherit",
    }).output();
    assert.ok(success);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(file);
  }
}

/** All of them, and those of the executable. */
const PERMISSIONS = [["-A"], ["-P"]];

Deno.test("the executable never may write files", async () => {
  const { before } = await heldAfterDropping({ keepRun: false, permissions: ["-P"] });
  assert.deepEqual(before, ["env", "ffi", "net", "read", "run", "sys"]);
});

Deno.test("dropPermissions() leaves the network and reading files, and nothing else", async () => {
  for (const permissions of PERMISSIONS) {
    const { after, kept } = await heldAfterDropping({ keepRun: false, permissions });
    assert.deepEqual({ after, kept }, { after: ["net", "read"], kept: ["net", "read"] });
  }
});

Deno.test("dropPermissions() keeps programs for a credential plugin", async () => {
  for (const permissions of PERMISSIONS) {
    const { after } = await heldAfterDropping({ keepRun: true, permissions });
    assert.deepEqual(after, ["net", "read", "run"]);
  }
});

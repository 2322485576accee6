import assert from "node:assert/strict";
import { PROGRAM_VERSION } from "../../../lib/cli/version/version.ts";
import { runCli } from "../string_terminal.ts";

Deno.test("sidecarset version names the program, what it runs on and the API", async () => {
  const { output, status } = await runCli(["version"]);
  assert.equal(status, 0);
  assert.ok(output.startsWith(`sidecarset ${PROGRAM_VERSION} (Deno ${Deno.version.deno}, `));
  assert.match(output, /\nAPI apps\.kruise\.io\/v1alpha1, apps\.kruise\.io\/v1beta1\n$/);
});

Deno.test("sidecarset version prints data for programs", async () => {
  const { output } = await runCli(["version", "-o", "json"]);
  const version: unknown = JSON.parse(output);
  assert.deepEqual(version, {
    version: PROGRAM_VERSION,
    deno: Deno.version.deno,
    platform: `${Deno.build.os}/${Deno.build.arch}`,
    apiVersions: ["apps.kruise.io/v1alpha1", "apps.kruise.io/v1beta1"],
  });
});

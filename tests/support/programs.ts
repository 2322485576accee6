import { join } from "node:path";
import { findBinaries } from "./binaries.ts";

/**
 * Makes a folder for the PATH, in which `kubectl` is the pinned one and `sidecarset`, alone or as kubectl's plugin,
 * is this program.
 *
 * @param folder the parent folder, which the caller removes
 */
export async function makePrograms(folder: string): Promise<string> {
  const binaries = await findBinaries(["kubectl"], {
    progress: (message) => console.error(message),
  });
  const programs = join(folder, "bin");
  await Deno.mkdir(programs);
  await Deno.symlink(binaries.path("kubectl"), join(programs, "kubectl"));
  const main = new URL("../../main.ts", import.meta.url).pathname;
  for (const name of ["sidecarset", "kubectl-sidecarset"]) {
    // With the permissions that the executable has, and called by the same name.
    const start = `exec -a "$0" "${Deno.execPath()}" run -q -P --no-check "${main}" "$@"`;
    const script = `#!/usr/bin/env bash\n${start}\n`;
    await Deno.writeTextFile(join(programs, name), script, { mode: 0o755 });
  }
  return programs;
}

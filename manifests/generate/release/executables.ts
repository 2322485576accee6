import { compile } from "../compile.ts";
import { platformName } from "../platforms.ts";
import { archive, type ReleaseFolder } from "./files.ts";
import type { PluginArchive } from "./krew.ts";

/** What a release does not have. */
export interface LeftOut {
  readonly name: string;
  /** With the remedy. */
  readonly reason: string;
}

/** Compiles the program for each target into the folder, each also as an archive for krew. */
export async function writeExecutables(
  targets: readonly string[],
  folder: ReleaseFolder,
): Promise<{ archives: readonly PluginArchive[]; leftOut: readonly LeftOut[] }> {
  const archives: PluginArchive[] = [];
  const leftOut: LeftOut[] = [];
  for (const target of targets) {
    const name = `sidecarset-${platformName(target)}`;
    const packed = `${name}.tar.gz`;
    const reason = await compile(target, folder.path(name));
    if (reason !== undefined) {
      leftOut.push({ name: `${name} and ${packed}`, reason });
      continue;
    }
    await folder.add(name);
    const data = await Deno.readFile(folder.path(name));
    await folder.write(packed, archive([{ name: "sidecarset", data, isExecutable: true }]));
    archives.push({ target, archive: packed, sha256: folder.checksum(packed) });
  }
  return { archives, leftOut };
}

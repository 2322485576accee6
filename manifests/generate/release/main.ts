import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ParseArgsOptionsConfig } from "node:util";
import { PROGRAM_VERSION } from "../../../lib/cli/version/version.ts";
import { TARGETS, unknownTarget } from "../platforms.ts";
import { taskOptions } from "../task_options.ts";
import { chartFiles } from "./chart.ts";
import { editorSchema } from "./editor_schema.ts";
import { type LeftOut, writeExecutables } from "./executables.ts";
import { archive, ReleaseFolder } from "./files.ts";
import { installationFiles } from "./installations.ts";
import { krewManifest, type PluginArchive } from "./krew.ts";
import { releaseNotes } from "./notes.ts";
import { billOfMaterials, embeddedPackages } from "./sbom.ts";

const root = new URL("../../../", import.meta.url);

const USAGE = `Usage: deno task release [options]
  --tag TAG              check that this is the tag of the program's version
  --image NAME           repository of the program's image (sidecarset)
  --downloads URL        where the files of this release can be downloaded, for the krew manifest
  --homepage URL         the project's page, for the krew manifest
  --output FOLDER        where to write (dist/release)
  --target TARGET        compile for this target only; may be repeated; "none" compiles nothing
  --require-executables  fail if an executable is left out`;
const OPTIONS = {
  tag: { type: "string" },
  image: { type: "string", default: "sidecarset" },
  downloads: { type: "string" },
  homepage: { type: "string" },
  output: { type: "string", default: "dist/release" },
  target: { type: "string", multiple: true, default: [...TARGETS] },
  "require-executables": { type: "boolean", default: false },
} satisfies ParseArgsOptionsConfig;
const KREW = "sidecarset.krew.yaml";

/** Makes all files of a release, and prints which could not be made, and why. Equal sources give equal bytes. */
async function main(args: readonly string[]): Promise<number> {
  const values = taskOptions(args, { options: OPTIONS, usage: USAGE });
  if (typeof values === "number") return values;
  const targets = values.target.filter((name) => name !== "none");
  const problem = wrongTag(values.tag) ??
    targets.map(unknownTarget).find((each) => each !== undefined);
  if (problem !== undefined) {
    console.error(problem);
    return 2;
  }
  const folder = await ReleaseFolder.open(resolve(fileURLToPath(root), values.output));
  await writeSources(folder, values.image);
  const { archives, leftOut } = await writeExecutables(targets, folder);
  const noKrew = await writeKrew(folder, { ...values, archives });
  await folder.writeChecksums();
  for (const name of [...folder.names, "SHA256SUMS"]) console.log(`Wrote ${folder.path(name)}`);
  for (const { name, reason } of noKrew === undefined ? leftOut : [...leftOut, noKrew]) {
    console.error(`Left out ${name}: ${reason}`);
  }
  return values["require-executables"] && leftOut.length > 0 ? 1 : 0;
}

function wrongTag(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === `v${PROGRAM_VERSION}`) return undefined;
  return `Cannot release ${tag}: deno.json has version ${PROGRAM_VERSION}; change it or the tag`;
}

/** Writes what is made of the sources alone. */
async function writeSources(folder: ReleaseFolder, imageRepository: string): Promise<void> {
  const read = (path: string) => Deno.readTextFile(new URL(path, root));
  for (const [name, text] of installationFiles(`${imageRepository}:${PROGRAM_VERSION}`)) {
    await folder.write(name, text);
  }
  await folder.write(
    `sidecarset-chart-${PROGRAM_VERSION}.tgz`,
    archive(await chartFiles(imageRepository)),
  );
  await folder.write("sidecarset.schema.json", editorSchema(await read("manifests/crd.yaml")));
  const bom = {
    version: PROGRAM_VERSION,
    deno: Deno.version.deno,
    packages: await embeddedPackages(),
  };
  await folder.write("sidecarset.cdx.json", billOfMaterials(bom));
  await folder.write(
    "release-notes.md",
    releaseNotes(await read(".github/CHANGELOG.md"), PROGRAM_VERSION),
  );
}

/** @returns why there is none */
async function writeKrew(
  folder: ReleaseFolder,
  { downloads, homepage, archives }: {
    downloads?: string | undefined;
    homepage?: string | undefined;
    archives: readonly PluginArchive[];
  },
): Promise<LeftOut | undefined> {
  if (archives.length === 0) {
    return { name: KREW, reason: "It lists archives of executables, and none was made" };
  }
  if (downloads === undefined) {
    return {
      name: KREW,
      reason: "It names where the archives can be downloaded; give --downloads URL",
    };
  }
  const manifest = krewManifest({ version: PROGRAM_VERSION, downloads, homepage, archives });
  await folder.write(KREW, manifest);
  return undefined;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

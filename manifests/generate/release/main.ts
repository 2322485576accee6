import { parseArgs } from "node:util";
import {
  type InstallationOptions,
  installationYaml,
} from "../../../lib/cli/manifests/installation.ts";
import { PROGRAM_VERSION } from "../../../lib/cli/version/version.ts";
import { compile, TARGETS } from "../compile.ts";
import { chartFiles } from "./chart.ts";
import { editorSchema } from "./editor_schema.ts";
import { archive, ReleaseFolder } from "./files.ts";
import { krewManifest, platformName, type PluginArchive } from "./krew.ts";
import { releaseNotes } from "./notes.ts";
import { billOfMaterials, embeddedPackages } from "./sbom.ts";

const root = new URL("../../../", import.meta.url);

/** The variants of `install.yaml`, by what their names add. */
const INSTALLATIONS: Readonly<Record<string, InstallationOptions>> = {
  "": {},
  "-cert-manager": { certManager: true },
  "-prometheus-operator": { prometheusOperator: true },
  "-cert-manager-prometheus-operator": { certManager: true, prometheusOperator: true },
  "-openkruise": { openkruise: true },
  "-restricted": { restrictController: true, restrictAuthors: true },
};

const USAGE = `Usage: deno task release [options]
  --tag TAG           check that this is the tag of the program's version
  --image NAME        repository of the program's image (sidecarset)
  --downloads URL     where the files of this release can be downloaded, for the krew manifest
  --output FOLDER     where to write (dist/release)
  --target TARGET     compile for this target only; may be repeated; "none" compiles nothing
  --require-executables  fail where Deno's runtime for a target cannot be had`;

/** Makes all files of a release. Equal sources give equal bytes. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tag: { type: "string" },
      image: { type: "string", default: "sidecarset" },
      downloads: { type: "string" },
      output: { type: "string", default: "dist/release" },
      target: { type: "string", multiple: true, default: [...TARGETS] },
      "require-executables": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.tag !== undefined && values.tag !== `v${PROGRAM_VERSION}`) {
    console.error(
      `Cannot release ${values.tag}: deno.json has version ${PROGRAM_VERSION}; change it or the tag`,
    );
    return 2;
  }
  const folderPath = new URL(`${values.output}/`, root).pathname;
  await Deno.mkdir(folderPath, { recursive: true });
  const folder = new ReleaseFolder(folderPath);
  const image = `${values.image}:${PROGRAM_VERSION}`;
  const read = (path: string) => Deno.readTextFile(new URL(path, root));
  for (const [name, options] of Object.entries(INSTALLATIONS)) {
    await folder.write(`install${name}.yaml`, installationYaml({ ...options, image }));
  }
  await folder.write(
    `sidecarset-chart-${PROGRAM_VERSION}.tgz`,
    archive(await chartFiles(values.image)),
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
  const archives: PluginArchive[] = [];
  for (const target of values.target.filter((name) => name !== "none")) {
    const problem = await writeExecutable(target, { folder, archives });
    if (problem === undefined) continue;
    console.error(problem);
    if (values["require-executables"]) return 1;
  }
  if (values.downloads !== undefined && archives.length > 0) {
    const { downloads } = values;
    const manifest = krewManifest({ version: PROGRAM_VERSION, downloads, archives });
    await folder.write("sidecarset.krew.yaml", manifest);
  } else {
    console.error(
      "Left out sidecarset.krew.yaml: it needs --downloads and the archive of at least one executable",
    );
  }
  await folder.writeChecksums();
  for (const name of [...folder.names, "SHA256SUMS"]) console.log(`Wrote ${folder.path(name)}`);
  return 0;
}

/** @returns why there is none */
async function writeExecutable(
  target: string,
  { folder, archives }: { folder: ReleaseFolder; archives: PluginArchive[] },
): Promise<string | undefined> {
  const name = `sidecarset-${platformName(target)}`;
  const problem = await compile(target, folder.path(name));
  if (problem !== undefined) return problem;
  await folder.add(name);
  const data = await Deno.readFile(folder.path(name));
  await folder.write(`${name}.tar.gz`, archive([{ name: "sidecarset", data, isExecutable: true }]));
  const sha256 = folder.checksum(`${name}.tar.gz`);
  archives.push({ target, archive: `${name}.tar.gz`, sha256 });
  return undefined;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

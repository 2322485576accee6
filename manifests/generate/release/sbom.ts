import * as Enums from "@cyclonedx/cyclonedx-library/Enums";
import * as Models from "@cyclonedx/cyclonedx-library/Models";
import * as Serialize from "@cyclonedx/cyclonedx-library/Serialize";
import * as Spec from "@cyclonedx/cyclonedx-library/Spec";
import { Buffer } from "node:buffer";
import { join } from "node:path";

const root = new URL("../../../", import.meta.url);

/** A package that the executable embeds. */
export interface EmbeddedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly license: string | undefined;
  /** Subresource integrity of its archive, as in deno.lock. */
  readonly integrity: string;
  /** `name@version` of what it imports. */
  readonly dependencies: readonly string[];
}

/**
 * The software bill of materials of the executable as CycloneDX 1.6 JSON: the packages that main.ts reaches, with
 * versions, licences and hashes, and Deno's runtime. It has no time stamp or random serial number, so that equal
 * sources give equal bytes.
 */
export function billOfMaterials(
  { version, deno, packages }: {
    version: string;
    deno: string;
    packages: readonly EmbeddedPackage[];
  },
): string {
  const bom = new Models.Bom();
  const program = new Models.Component(Enums.ComponentType.Application, "sidecarset", {
    version,
    bomRef: `sidecarset@${version}`,
  });
  bom.metadata.component = program;
  const runtime = new Models.Component(Enums.ComponentType.Framework, "deno", {
    version: deno,
    bomRef: `deno@${deno}`,
    // Scanners find the runtime's vulnerabilities by these names.
    purl: `pkg:github/denoland/deno@v${deno}`,
    cpe: `cpe:2.3:a:deno:deno:${deno}:*:*:*:*:*:*:*`,
    licenses: licensesOf("MIT"),
  });
  const components = new Map(packages.map((each) => [idOf(each), componentOf(each)]));
  for (const each of packages) {
    const component = components.get(idOf(each));
    for (const id of each.dependencies) {
      const dependency = components.get(id);
      if (component && dependency) component.dependencies.add(dependency.bomRef);
    }
  }
  for (const component of [runtime, ...components.values()]) {
    bom.components.add(component);
    program.dependencies.add(component.bomRef);
  }
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return new Serialize.JsonSerializer(normalizers).serialize(bom, { sortLists: true, space: 2 }) +
    "\n";
}

function componentOf({ name, version, license, integrity }: EmbeddedPackage): Models.Component {
  const [, scope, plain = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  const [algorithm, digest = ""] = integrity.split("-");
  if (algorithm !== "sha512") {
    throw new Error(`Cannot list ${name}@${version}: its integrity is ${algorithm}, not sha512`);
  }
  const purlName = scope ? `${encodeURIComponent(scope)}/${plain}` : plain;
  return new Models.Component(Enums.ComponentType.Library, plain, {
    ...(scope ? { group: scope } : {}),
    version,
    bomRef: `${name}@${version}`,
    purl: `pkg:npm/${purlName}@${version}`,
    hashes: new Models.HashDictionary([
      [Enums.HashAlgorithm["SHA-512"], Buffer.from(digest, "base64").toString("hex")],
    ]),
    licenses: licensesOf(license),
  });
}

function licensesOf(license: string | undefined): Models.LicenseRepository {
  if (license === undefined) return new Models.LicenseRepository();
  const isExpression = /\s(AND|OR|WITH)\s/.test(license);
  return new Models.LicenseRepository([
    isExpression ? new Models.LicenseExpression(license) : new Models.SpdxLicense(license),
  ]);
}

function idOf({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}

/**
 * The packages that main.ts imports, directly or by another package, from `deno info`, deno.lock and the packages'
 * own package.json.
 *
 * @throws {Error} if one of them cannot be found in the lock file or in Deno's cache
 */
export async function embeddedPackages(): Promise<EmbeddedPackage[]> {
  const graph: ModuleGraph = await denoInfo(["main.ts"]);
  const { npmCache = "" }: { npmCache?: string } = await denoInfo([]);
  const lock: LockFile = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root)));
  const packages = [...reachedPackages(graph)].map(async ({ name, version, dependencies }) => {
    const integrity = lock.npm[`${name}@${version}`]?.integrity;
    if (integrity === undefined) {
      throw new Error(`Cannot list ${name}@${version}: deno.lock does not have its integrity`);
    }
    const license = await licenseOf(npmCache, `${name}/${version}`);
    return { name, version, license, integrity, dependencies };
  });
  return (await Promise.all(packages)).sort((a, b) => idOf(a) < idOf(b) ? -1 : 1);
}

/** What is read of `deno info --json`; its npmPackages are those of the whole lock file. */
interface ModuleGraph {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, GraphPackage>>;
}

type GraphPackage = Pick<EmbeddedPackage, "name" | "version" | "dependencies">;

interface LockFile {
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
}

function reachedPackages({ modules, npmPackages }: ModuleGraph): Set<GraphPackage> {
  const reached = new Set<GraphPackage>();
  const visit = (id: string | undefined) => {
    const found = id === undefined ? undefined : npmPackages[id];
    if (!found || reached.has(found)) return;
    reached.add(found);
    found.dependencies.forEach(visit);
  };
  for (const { npmPackage } of modules) visit(npmPackage);
  return reached;
}

async function licenseOf(npmCache: string, folder: string): Promise<string | undefined> {
  for await (const { name: registry } of Deno.readDir(npmCache)) {
    const path = join(npmCache, registry, folder, "package.json");
    const text = await Deno.readTextFile(path).catch(() => undefined);
    if (text === undefined) continue;
    const { license } = JSON.parse(text);
    return typeof license === "string" ? license : undefined;
  }
  throw new Error(`Cannot read the licence of ${folder}: it is not in Deno's cache; run deno ci`);
}

async function denoInfo<T>(args: readonly string[]): Promise<T> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", ...args],
    cwd: root,
  }).output();
  const text = new TextDecoder().decode(success ? stdout : stderr);
  if (!success) throw new Error(`Cannot read the module graph: ${text.trim()}`);
  return JSON.parse(text);
}

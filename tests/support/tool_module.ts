import { createHash } from "node:crypto";
import { join } from "node:path";

const KUBERNETES = "k8s.io/kubernetes";

/**
 * The Go modules that pin programs, by what these are: their folders, the required module that they are there for,
 * and source files of their own. The kubelet is older than the rest, so it shares nothing with them, and neither does
 * what is no part of Kubernetes.
 */
const MODULES = {
  "control plane": { folder: "tools", product: KUBERNETES, sources: [] },
  "Kubernetes 1.30": { folder: "tools/kubernetes-1.30", product: KUBERNETES, sources: [] },
  "Kubernetes 1.34": { folder: "tools/kubernetes-1.34", product: KUBERNETES, sources: [] },
  "release": { folder: "tools/release", product: "helm.sh/helm/v4", sources: [] },
  "kubelet": { folder: "tools/kubelet", product: KUBERNETES, sources: [] },
  "cert-manager": {
    folder: "tools/cert-manager",
    product: "github.com/cert-manager/cert-manager",
    sources: ["main.go"],
  },
} as const;

export type ToolModuleName = keyof typeof MODULES;

/** A Go module that pins programs. */
export interface ToolModule {
  readonly name: ToolModuleName;
  readonly folder: string;
  /** The required module that it is there for. */
  readonly product: string;
  /** Names what is built from it here: another version, platform or way to build has another key. */
  readonly key: string;
  /** The least version of Go: `1.26.0`. */
  readonly goVersion: string;
  /** Flags of `go build`. */
  readonly flags: readonly string[];
  /**
   * Version of the module that has this package, of the product for its own: `v3.7.0`.
   *
   * @throws {Error} if none has it
   */
  versionOf(importPath: string): string;
}

export async function readToolModule(name: ToolModuleName): Promise<ToolModule> {
  const { product, sources, ...module } = MODULES[name];
  const folder = join(import.meta.dirname ?? ".", module.folder);
  const read = (file: string) => Deno.readTextFile(join(folder, file));
  const goMod = await read("go.mod");
  const versionOf = (importPath: string) => {
    const searched = importPath === /^module (\S+)$/m.exec(goMod)?.[1] ? product : importPath;
    for (const [, module = "", version = ""] of goMod.matchAll(/^(?:\t|require )(\S+) (v\S+)/gm)) {
      if (searched === module || searched.startsWith(`${module}/`)) return version;
    }
    throw new Error(`Cannot find the version of ${searched}: ${folder}/go.mod does not have it`);
  };
  const version = versionOf(product);
  const flags = buildFlags(product === KUBERNETES ? version : undefined);
  const parts = [goMod, await read("go.sum"), flags, ...await Promise.all(sources.map(read))];
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return {
    name,
    folder,
    product,
    key: `${version}-${hash.slice(0, 12)}-${Deno.build.os}-${Deno.build.arch}`,
    goVersion: /^go (\S+)$/m.exec(goMod)?.[1] ?? "",
    flags,
    versionOf,
  };
}

/** Kubernetes' programs ask their own version of variables that its release builds set. */
function buildFlags(kubernetes: string | undefined): string[] {
  const [major = "", minor = ""] = kubernetes?.slice(1).split(".") ?? [];
  const variables = { gitVersion: kubernetes, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(kubernetes === undefined ? {} : variables)
    .map(([name, value]) => ` -X k8s.io/component-base/version.${name}=${value}`);
  return [
    "-mod=readonly",
    "-buildvcs=false",
    "-trimpath",
    "-ldflags",
    `-s -w${settings.join("")}`,
  ];
}

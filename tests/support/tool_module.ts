import { createHash } from "node:crypto";
import { join } from "node:path";

/** Folders of the Go modules that pin programs, by what these are. The kubelet is older than the rest, so it shares nothing with them. */
const FOLDERS = { "control plane": "tools", "kubelet": "tools/kubelet" } as const;

export type ToolModuleName = keyof typeof FOLDERS;

/** A Go module that pins programs. */
export interface ToolModule {
  readonly name: ToolModuleName;
  readonly folder: string;
  /** Names what is built from it here: another version, platform or way to build has another key. */
  readonly key: string;
  /** The least version of Go: `1.26.0`. */
  readonly goVersion: string;
  /** Flags of `go build`. */
  readonly flags: readonly string[];
  /**
   * Version of the module that has this package: `v3.7.0`.
   *
   * @throws {Error} if none has it
   */
  versionOf(importPath: string): string;
}

export async function readToolModule(name: ToolModuleName): Promise<ToolModule> {
  const folder = join(import.meta.dirname ?? ".", FOLDERS[name]);
  const goMod = await Deno.readTextFile(join(folder, "go.mod"));
  const goSum = await Deno.readTextFile(join(folder, "go.sum"));
  const versionOf = (importPath: string) => {
    for (const [, module = "", version = ""] of goMod.matchAll(/^(?:\t|require )(\S+) (v\S+)/gm)) {
      if (importPath === module || importPath.startsWith(`${module}/`)) return version;
    }
    throw new Error(`Cannot find the version of ${importPath}: ${folder}/go.mod does not have it`);
  };
  const kubernetes = versionOf("k8s.io/kubernetes");
  const flags = buildFlags(kubernetes);
  const hash = createHash("sha256").update(JSON.stringify([goMod, goSum, flags])).digest("hex");
  return {
    name,
    folder,
    key: `${kubernetes}-${hash.slice(0, 12)}-${Deno.build.os}-${Deno.build.arch}`,
    goVersion: /^go (\S+)$/m.exec(goMod)?.[1] ?? "",
    flags,
    versionOf,
  };
}

/** Kubernetes' programs ask their own version of variables that its release builds set. */
function buildFlags(kubernetes: string): string[] {
  const [major = "", minor = ""] = kubernetes.slice(1).split(".");
  const version = "k8s.io/component-base/version";
  const variables = { gitVersion: kubernetes, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(variables).map(([name, value]) =>
    `-X ${version}.${name}=${value}`
  );
  return [
    "-mod=readonly",
    "-buildvcs=false",
    "-trimpath",
    "-ldflags",
    `-s -w ${settings.join(" ")}`,
  ];
}

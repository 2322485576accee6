import { join } from "node:path";
import { goBuild, requireGo } from "./go_build.ts";
import { readToolModule, type ToolModule, type ToolModuleName } from "./tool_module.ts";

/** The programs, by what Go calls their packages. */
const IMPORT_PATHS = {
  "etcd": "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kubectl": "k8s.io/kubernetes/cmd/kubectl",
  "kubelet": "k8s.io/kubernetes/cmd/kubelet",
  "kwok": "sigs.k8s.io/kwok/cmd/kwok",
  "cert-manager": "sidecarset/tools/cert-manager",
  "helm": "helm.sh/helm/v4/cmd/helm",
  "actionlint": "github.com/rhysd/actionlint/cmd/actionlint",
} as const;

export type BinaryName = keyof typeof IMPORT_PATHS;

/** Paths of the programs that were asked for. */
export interface Binaries<Name extends BinaryName = BinaryName> {
  path(name: Name): string;
}

export interface FindBinariesOptions {
  /** The module to build Kubernetes' own programs from. @default {"control plane"} */
  kubernetes?: Extract<ToolModuleName, "control plane" | `Kubernetes ${string}`>;
  /** Called with the program being built and the elapsed time. */
  progress?: (message: string) => void;
  /** @default this process's */
  env?: (name: string) => string | undefined;
  /** The Go command. @default {"go"} */
  go?: string;
  signal?: AbortSignal;
}

/** Interval in milliseconds at which a process checks whether another one's build has ended. */
const POLL_INTERVAL_MS = 500;
/** Interval of progress messages in milliseconds. */
const PROGRESS_INTERVAL_MS = 5_000;

/**
 * Finds the named programs, and only those: in the folder that KUBEBUILDER_ASSETS names, else in the cache folder,
 * else builds them into it. What is in the cache is whole, and of several processes that miss a program one builds it
 * while the others wait.
 *
 * @throws {Error} if a program has to be built and cannot be; the message says why, with a remedy
 */
export async function findBinaries<Name extends BinaryName>(
  names: readonly Name[],
  options: FindBinariesOptions = {},
): Promise<Binaries<Name>> {
  const { env = (name: string) => Deno.env.get(name) } = options;
  const assets = env("KUBEBUILDER_ASSETS");
  const paths: Partial<Record<BinaryName, string>> = {};
  const { kubernetes = "control plane" } = options;
  for (const [moduleName, programs] of Map.groupBy(names, (name) => moduleOf(name, kubernetes))) {
    const module = await readToolModule(moduleName);
    const cache = join(cacheFolder(env), module.key);
    const requested: [BinaryName, string][] = [];
    for (const name of programs) {
      const given = assets ? join(assets, name) : undefined;
      if (given && await exists(given)) paths[name] = given;
      else requested.push([name, paths[name] = join(cache, name)]);
    }
    await buildMissing(requested, { ...options, cache, module });
  }
  return {
    path(name) {
      const path = paths[name];
      if (path === undefined) {
        throw new Error(`Cannot give the path of ${name}: it was not requested`);
      }
      return path;
    },
  };
}

function moduleOf(name: BinaryName, kubernetes: ToolModuleName): ToolModuleName {
  if (name === "helm" || name === "actionlint") return "release";
  if (name === "kubelet" || name === "cert-manager") return name;
  return IMPORT_PATHS[name].startsWith("k8s.io/kubernetes/") ? kubernetes : "control plane";
}

function cacheFolder(env: (name: string) => string | undefined): string {
  return join(env("XDG_CACHE_HOME") || join(env("HOME") ?? Deno.cwd(), ".cache"), "sidecarset");
}

interface BuildOptions extends FindBinariesOptions {
  cache: string;
  module: ToolModule;
}

async function buildMissing(
  requested: readonly (readonly [BinaryName, string])[],
  options: BuildOptions,
): Promise<void> {
  const { cache, progress = () => {}, signal } = options;
  if (await allExist(requested)) return;
  await Deno.mkdir(cache, { recursive: true });
  // The operating system gives the lock back when its holder ends, in whatever way: a lock can never be stale.
  using lock = await Deno.open(join(cache, "lock"), { create: true, write: true });
  const waiting = `waiting for another process that builds the ${options.module.name}`;
  const elapsed = reportElapsed(waiting, progress);
  while (!await lock.tryLock(true)) {
    elapsed.tick();
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  if (await allExist(requested)) return;
  await removePartial(cache);
  await requireGo({
    module: options.module,
    go: options.go ?? "go",
    programs: requested.map(([name]) => name),
    ...(signal ? { signal } : {}),
  });
  for (const [name, path] of requested) {
    if (!await exists(path)) await build(name, { ...options, path });
  }
}

async function build(name: BinaryName, options: BuildOptions & { path: string }): Promise<void> {
  const { module, path, progress = () => {}, signal } = options;
  const importPath = IMPORT_PATHS[name];
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  const title = `${name} ${module.versionOf(importPath)}`;
  const elapsed = reportElapsed(`building ${title}`, progress);
  elapsed.tick();
  const timer = setInterval(elapsed.tick, POLL_INTERVAL_MS);
  try {
    const { go = "go" } = options;
    await goBuild({ module, importPath, output: partial, go, ...(signal ? { signal } : {}) });
    await Deno.rename(partial, path);
  } finally {
    clearInterval(timer);
  }
  progress(`built ${title} in ${elapsed.seconds()} s`);
}

/** Reports at intervals how long a step has taken: `building kube-apiserver v1.37.2 … 95 s`. */
function reportElapsed(what: string, progress: (message: string) => void) {
  const started = performance.now();
  let reportedAt = -Infinity;
  const seconds = () => Math.round((performance.now() - started) / 1_000);
  const tick = () => {
    if (performance.now() - reportedAt < PROGRESS_INTERVAL_MS) return;
    reportedAt = performance.now();
    progress(seconds() === 0 ? what : `${what} … ${seconds()} s`);
  };
  return { seconds, tick };
}

/** Removes partial outputs of interrupted builds; no other process builds while this one holds the lock. */
async function removePartial(cache: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (name.endsWith(".partial")) await Deno.remove(join(cache, name));
  }
}

async function allExist(requested: readonly (readonly [BinaryName, string])[]): Promise<boolean> {
  for (const [, path] of requested) {
    if (!await exists(path)) return false;
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

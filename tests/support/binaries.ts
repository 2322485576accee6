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
  /** Told what is being built and for how long. */
  progress?: (message: string) => void;
  /** @default this process's */
  env?: (name: string) => string | undefined;
  /** The Go command. @default {"go"} */
  go?: string;
  signal?: AbortSignal;
}

/** How often a process that waits for another one's build looks again, in milliseconds. */
const LOOK_AGAIN = 500;
/** How often progress is told, in milliseconds. */
const TELL_AGAIN = 5_000;

/**
 * Finds the named programs, and only those: in the folder that KUBEBUILDER_ASSETS names, else in the cache folder,
 * else builds them into it. What is in the cache is whole, and of several processes that miss a program one builds it
 * while the others wait.
 *
 * @throws {Error} if a program has to be built and cannot be; the message says why and how to mend it
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
    const wanted: [BinaryName, string][] = [];
    for (const name of programs) {
      const given = assets ? join(assets, name) : undefined;
      if (given && await exists(given)) paths[name] = given;
      else wanted.push([name, paths[name] = join(cache, name)]);
    }
    await buildMissing(wanted, { ...options, cache, module });
  }
  return {
    path(name) {
      const path = paths[name];
      if (path === undefined) {
        throw new Error(`Cannot give the path of ${name}: nobody looked for it`);
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
  wanted: readonly (readonly [BinaryName, string])[],
  options: BuildOptions,
): Promise<void> {
  const { cache, progress = () => {}, signal } = options;
  if (await allExist(wanted)) return;
  await Deno.mkdir(cache, { recursive: true });
  // The operating system gives the lock back when its holder ends, in whatever way: a lock can never be stale.
  using lock = await Deno.open(join(cache, "lock"), { create: true, write: true });
  const waiting = `waiting for another process that builds the ${options.module.name}`;
  const elapsed = tellElapsed(waiting, progress);
  while (!await lock.tryLock(true)) {
    elapsed.tick();
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
  if (await allExist(wanted)) return;
  await removePartial(cache);
  await requireGo({
    module: options.module,
    go: options.go ?? "go",
    programs: wanted.map(([name]) => name),
    ...(signal ? { signal } : {}),
  });
  for (const [name, path] of wanted) {
    if (!await exists(path)) await build(name, { ...options, path });
  }
}

async function build(name: BinaryName, options: BuildOptions & { path: string }): Promise<void> {
  const { module, path, progress = () => {}, signal } = options;
  const importPath = IMPORT_PATHS[name];
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  const title = `${name} ${module.versionOf(importPath)}`;
  const elapsed = tellElapsed(`building ${title}`, progress);
  elapsed.tick();
  const timer = setInterval(elapsed.tick, LOOK_AGAIN);
  try {
    const { go = "go" } = options;
    await goBuild({ module, importPath, output: partial, go, ...(signal ? { signal } : {}) });
    await Deno.rename(partial, path);
  } finally {
    clearInterval(timer);
  }
  progress(`built ${title} in ${elapsed.seconds()} s`);
}

/** Says now and then how long something has taken: `building kube-apiserver v1.37.2 … 95 s`. */
function tellElapsed(what: string, progress: (message: string) => void) {
  const started = performance.now();
  let told = -Infinity;
  const seconds = () => Math.round((performance.now() - started) / 1_000);
  const tick = () => {
    if (performance.now() - told < TELL_AGAIN) return;
    told = performance.now();
    progress(seconds() === 0 ? what : `${what} … ${seconds()} s`);
  };
  return { seconds, tick };
}

/** What is left of builds that were ended; nobody builds while this process has the lock. */
async function removePartial(cache: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (name.endsWith(".partial")) await Deno.remove(join(cache, name));
  }
}

async function allExist(wanted: readonly (readonly [BinaryName, string])[]): Promise<boolean> {
  for (const [, path] of wanted) {
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

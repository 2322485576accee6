import assert from "node:assert/strict";

/** What makes a start slow, or means a cluster. */
const NOT_FOR_OFFLINE_COMMANDS =
  /\/lib\/(kube|webhook|controller|index)\/|\/lib\/runtime\/(?!settings|log)|prom-client|x509/;

interface Dependency {
  code?: { specifier?: string };
  isDynamic?: boolean;
}

interface Module {
  specifier: string;
  dependencies?: Dependency[];
}

const root = new URL("../../", import.meta.url);

const { stdout } = await new Deno.Command(Deno.execPath(), {
  args: ["info", "--json", "main.ts"],
  cwd: root,
  stderr: "inherit",
}).output();
const { modules }: { modules: Module[] } = JSON.parse(new TextDecoder().decode(stdout));
const graph = new Map(modules.map((module) => [module.specifier, module]));

/** All modules that are loaded at once with the first one. */
function loadedWith(specifier: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(specifier)) return loaded;
  loaded.add(specifier);
  for (const { code, isDynamic } of graph.get(specifier)?.dependencies ?? []) {
    if (code?.specifier && isDynamic !== true) loadedWith(code.specifier, loaded);
  }
  return loaded;
}

const OFFLINE = [
  "main.ts",
  "lib/cli/inject/inject.ts",
  "lib/cli/explain/explain.ts",
  "lib/cli/validate/validate.ts",
  "lib/cli/manifests/installation.ts",
  "lib/cli/version/version.ts",
  "lib/cli/completion/script.ts",
];

for (const path of OFFLINE) {
  Deno.test(`${path} loads nothing that an offline command does not need`, () => {
    const loaded = loadedWith(new URL(path, root).href);
    assert.ok(loaded.size > 3, `${path} is not in the module graph`);
    assert.deepEqual(
      [...loaded].filter((specifier) => NOT_FOR_OFFLINE_COMMANDS.test(specifier)),
      [],
    );
  });
}

Deno.test("the program loads what a command does only when it runs", () => {
  const folder = new URL("lib/cli/", root).href;
  const loaded = [...loadedWith(new URL("main.ts", root).href)];
  const own = loaded
    .flatMap((specifier) => specifier.startsWith(folder) ? [specifier.slice(folder.length)] : [])
    .filter((path) => !/^[a-z]+\/command\.ts$|^command_line\//.test(path));
  assert.deepEqual(own.toSorted(), [
    "program.ts",
    "run.ts",
    "terminal/failure_text.ts",
    "terminal/output.ts",
    "terminal/terminal.ts",
    "version/version.ts",
  ]);
  const packages = loaded.filter((specifier) => specifier.startsWith("npm:"));
  assert.deepEqual(packages.map((each) => each.replace(/@.*/, "")), ["npm:commander"]);
});

import assert from "node:assert/strict";

/** Rooms that each room may import, in addition to itself; `deno info` says what it imports. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli"],
  // The program embeds its own manifests as text, and its version.
  cli: ["runtime", "kube", "core", "api", "manifests", "deno.json"],
  runtime: ["webhook", "controller", "kube", "index", "core", "api"],
  webhook: ["kube", "index", "core", "api"],
  controller: ["kube", "index", "core", "api"],
  index: ["core", "api"],
  kube: ["api"],
  core: ["api"],
  api: [],
  manifests: [],
  "deno.json": [],
};

interface Module {
  specifier: string;
  /** Why it cannot be loaded. */
  error?: string;
  dependencies?: {
    specifier: string;
    code?: { specifier?: string };
    type?: { specifier?: string };
  }[];
}

const root = new URL("../../", import.meta.url);

function isModule(value: unknown): value is Module {
  return typeof value === "object" && value !== null && "specifier" in value;
}

async function modules(): Promise<Module[]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: root,
    stderr: "inherit",
  });
  const { stdout } = await command.output();
  const info: { modules: unknown[] } = JSON.parse(new TextDecoder().decode(stdout));
  return info.modules.filter(isModule);
}

/** `lib/core/inject/x.ts` is in the room `core`; undefined for what is not the program's own. */
function roomOf(specifier: string): string | undefined {
  if (!specifier.startsWith(root.href)) return undefined;
  const path = specifier.slice(root.href.length);
  if (path.startsWith("lib/")) return path.split("/")[1];
  return path.startsWith("manifests/") ? "manifests" : path;
}

function importsOf(module: Module): string[] {
  return (module.dependencies ?? []).flatMap(({ code, type }) =>
    [code?.specifier, type?.specifier].filter((specifier) => specifier !== undefined)
  );
}

Deno.test("every import resolves, dynamic ones too, which deno check leaves out", async () => {
  const missing = (await modules()).filter(({ error }) => error !== undefined);
  assert.deepEqual(missing.map(({ specifier }) => specifier), []);
});

Deno.test("every room imports only the rooms that its arrows lead to", async () => {
  const wrong: string[] = [];
  for (const module of await modules()) {
    const room = roomOf(module.specifier);
    if (room === undefined) continue;
    const allowed = ARROWS[room];
    assert.ok(allowed, `${module.specifier} is in no known room`);
    for (const imported of importsOf(module)) {
      const target = roomOf(imported);
      if (target === undefined || target === room || allowed.includes(target)) continue;
      wrong.push(`${module.specifier} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** @param graph What each one imports. */
function assertNoCircle(graph: ReadonlyMap<string, readonly string[]>): void {
  const done = new Set<string>();
  function visit(name: string, path: readonly string[]): void {
    const start = path.indexOf(name);
    assert.equal(start, -1, `a circle: ${path.slice(start).concat(name).join(" → ")}`);
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  }
  for (const name of graph.keys()) visit(name, []);
}

Deno.test("no modules import each other in a circle, not even for types", async () => {
  const graph = new Map<string, string[]>();
  for (const module of await modules()) {
    if (roomOf(module.specifier) === undefined) continue;
    const own = importsOf(module).filter((specifier) => roomOf(specifier) !== undefined);
    graph.set(module.specifier, own);
  }
  assertNoCircle(graph);
});

/** The folders of a room and what each imports; `.` for the files of the room itself. */
async function foldersOf(
  room: string,
  folderOf: (path: readonly string[]) => string,
): Promise<Map<string, string[]>> {
  const base = new URL(`lib/${room}/`, root).href;
  const folder = (specifier: string) =>
    specifier.startsWith(base)
      ? [folderOf(specifier.slice(base.length).split("/").slice(0, -1)) || "."]
      : [];
  const graph = new Map<string, string[]>();
  for (const module of await modules()) {
    const [own] = folder(module.specifier);
    if (own === undefined) continue;
    const others = importsOf(module).flatMap(folder).filter((other) => other !== own);
    graph.set(own, [...graph.get(own) ?? [], ...others]);
  }
  return graph;
}

Deno.test("no folders of the command line import each other in a circle", async () => {
  const graph = await foldersOf("cli", (path) => path.at(-1) ?? "");
  assert.ok(graph.size > 10);
  assertNoCircle(graph);
});

Deno.test("no folders of core import each other in a circle", async () => {
  const graph = await foldersOf("core", ([first = ""]) => first);
  assert.ok(graph.size > 10);
  assertNoCircle(graph);
  assert.deepEqual(graph.get("."), [], "the shared files of core import none of its folders");
});

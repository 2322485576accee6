import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { createProgram } from "../../lib/cli/program.ts";
import { createTerminal } from "../../lib/cli/terminal/terminal.ts";
import { isConditionReason, isReason } from "../../lib/core/reasons.ts";
import { UNDER_WAY } from "../../lib/core/status/conditions.ts";
import { stringTerminal } from "../cli/string_terminal.ts";
import { anchors, codeBlocks, relativeLinks } from "../support/markdown.ts";

const root = new URL("../../", import.meta.url);

/** Paths of every document for people, below the repository's root. */
async function documents(): Promise<string[]> {
  const found = ["README.md"];
  for (const folder of ["manifests/docs", ".github"]) {
    for await (const { name } of Deno.readDir(new URL(folder, root))) {
      if (name.endsWith(".md")) found.push(`${folder}/${name}`);
    }
  }
  return found.sort();
}

const read = (path: string) => Deno.readTextFile(new URL(path, root));

Deno.test("anchors() and relativeLinks() read headings and links as GitHub does", () => {
  const markdown = [
    "# The `--cert-dir` flag: a *test*",
    "## Same",
    "## Same",
    "[a](b.md#c) and [d](#e), [f](https://example.com/g#h) `[i](j)`",
    "```sh",
    "# no heading [k](l)",
    "```",
  ].join("\n");
  assert.deepEqual([...anchors(markdown)], ["the---cert-dir-flag-a-test", "same", "same-1"]);
  assert.deepEqual(relativeLinks(markdown), [
    { path: "b.md", anchor: "c", line: 4 },
    { path: "", anchor: "e", line: 4 },
  ]);
});

Deno.test("every relative link of the documents leads to a file and to a heading", async () => {
  const broken: string[] = [];
  let count = 0;
  for (const document of await documents()) {
    const text = await read(document);
    for (const { path, anchor, line } of relativeLinks(text)) {
      count++;
      const target = path === "" ? new URL(document, root) : new URL(path, new URL(document, root));
      const exists = await Deno.stat(target).then(() => true, () => false);
      const isFound = exists &&
        (anchor === "" || anchors(await Deno.readTextFile(target)).has(anchor));
      if (!isFound) broken.push(`${document}:${line}: ${path}#${anchor}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(count > 50, `only ${count} links were found`);
});

Deno.test("every document in manifests/docs is linked from the README, which has at most 400 lines", async () => {
  const readme = await read("README.md");
  assert.ok(readme.split("\n").length <= 400);
  const linked = new Set(relativeLinks(readme).map(({ path }) => path));
  const missing = (await documents()).filter((path) => path !== "README.md" && !linked.has(path));
  assert.deepEqual(missing, []);
});

Deno.test("every YAML block of the documents can be parsed", async () => {
  for (const document of await documents()) {
    for (const block of codeBlocks(await read(document), "yaml")) {
      for (const { errors } of parseAllDocuments(block)) assert.deepEqual(errors, [], document);
    }
  }
});

Deno.test("Argo CD's health check knows the reasons of roll-outs that go on, and names no other word", async () => {
  const [config = ""] = codeBlocks(await read("manifests/docs/gitops.md"), "yaml");
  const lua: unknown = parse(config)
    .data["resource.customizations.health.apps.kruise.io_SidecarSet"];
  const quoted = [...String(lua).matchAll(/"([A-Z][A-Za-z]*)"/g)].map(([, word = ""]) => word);
  const health = ["Progressing", "Suspended", "Degraded", "Healthy", "True", "False"];
  const reasons = quoted.filter((word) => !health.includes(word));
  assert.deepEqual(reasons.filter((word) => !isReason(word) && !isConditionReason(word)), []);
  // A refused update has the status False, which is Degraded.
  const moving = [...UNDER_WAY].filter((reason) => reason !== "UpdateRefused");
  assert.deepEqual(moving.filter((reason) => !reasons.includes(reason)), []);
});

Deno.test("every path that the documents name exists, and every declaration that the README names in one", async () => {
  const missing: string[] = [];
  let declarations = 0;
  for (const document of await documents()) {
    const text = await read(document);
    // NAME stands for a name that the reader chooses.
    for (const [, path = ""] of text.matchAll(/`((?:lib|tests|manifests)\/[\w./-]+)`/g)) {
      const exists = await Deno.stat(new URL(path, root)).then(() => true, () => false);
      if (!exists && !path.endsWith("/NAME")) missing.push(`${document}: ${path}`);
    }
    const named = text.matchAll(
      /`([A-Za-z]+)(?:\.([A-Za-z]+))?`[^`]{0,20}\(`(lib\/[\w./]+\.ts)`\)/g,
    );
    for (const [, name = "", method, path = ""] of named) {
      declarations++;
      const code = await read(path).catch(() => "");
      const isDeclared =
        new RegExp(`^export (?:function\\*? |class |type |interface )${name}\\b`, "m").test(code) &&
        (method === undefined || new RegExp(`^  (?:async )?${method}[<(]`, "m").test(code));
      if (!isDeclared) missing.push(`${document}: ${name}.${method} in ${path}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(declarations >= 10, `only ${declarations} declarations were found`);
});

Deno.test("every task that the documents name exists", async () => {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(await read("deno.json"));
  for (const document of await documents()) {
    for (const [, task = ""] of (await read(document)).matchAll(/\btask ([a-z][a-z:-]*)/g)) {
      assert.ok(task in tasks, `${document}: ${task}`);
    }
  }
});

/** Options of each command by the command's words, such as `rollout undo`. */
function optionsByCommand(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  type Commands = ReturnType<typeof createProgram>;
  const visit = (command: Commands, words: readonly string[]) => {
    const names = command.options.flatMap(({ short, long }) => [short, long]);
    const common = ["--help", "-h", "--verbose", "--version"];
    found.set(
      words.join(" "),
      new Set([...names, ...common].filter((name) => name !== undefined)),
    );
    for (const child of command.commands) visit(child, [...words, child.name()]);
  };
  const terminal = createTerminal(stringTerminal());
  const connect = () => Promise.reject(new Error("No command runs"));
  visit(createProgram({ terminal, connect, exit() {} }), []);
  return found;
}

Deno.test("every sidecarset command of the documents exists, with its options", async () => {
  const options = optionsByCommand();
  const wrong: string[] = [];
  let count = 0;
  for (const document of await documents()) {
    const text = await read(document);
    const blocks = ["sh", "console"].flatMap((language) => codeBlocks(text, language));
    const spans = [...text.matchAll(/`(sidecarset [^`]+)`/g)].map(([, span = ""]) => span);
    for (const line of [...blocks.flatMap((block) => block.split("\n")), ...spans]) {
      for (const [, call = ""] of line.matchAll(/(?:^|[|;$] *|&& )(sidecarset [a-z][^|;&]*)/g)) {
        count++;
        const words = call.split(/\s+#/)[0]?.trim().split(/\s+/).slice(1) ?? [];
        const depth = options.has(words.slice(0, 2).join(" ")) ? 2 : 1;
        const known = options.get(words.slice(0, depth).join(" "));
        const unknown = words.filter((word) => /^--?[a-z]/i.test(word))
          .filter((word) => !known?.has(word.split("=")[0] ?? ""));
        if (!known || unknown.length > 0) wrong.push(`${document}: ${call} (${unknown.join(" ")})`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 30, `only ${count} commands were found`);
});

import fc from "fast-check";
import assert from "node:assert/strict";
import { readDocuments } from "../../../lib/cli/files/documents.ts";
import { CliError } from "../../../lib/cli/terminal/terminal.ts";
import { stringTerminal } from "../string_terminal.ts";

function read(text: string) {
  return readDocuments(["m.yaml"], stringTerminal({ files: { "m.yaml": text } }));
}

Deno.test("readDocuments() splits a file into texts of whole lines that together are the file", async () => {
  const pieces = fc.constantFrom(
    "# a comment\n",
    "---\n",
    "a: 1\n---\n",
    "---\nb: { c: d }\n",
    "\n",
    "...\n",
    "--- # begins\ne: |\n  --- no\n  f\n---\n",
    '{"g": [1]}\n---\r\n',
  );
  await fc.assert(fc.asyncProperty(fc.array(pieces), async (parts) => {
    const text = parts.join("");
    const documents = await read(text).catch((error) => {
      assert.ok(error instanceof CliError);
      return undefined;
    });
    if (documents === undefined || documents.length === 0) return;
    const texts = documents.map((document) => document.text);
    assert.equal(texts.join(""), text);
    assert.deepEqual(texts.slice(0, -1).filter((each) => !/(?:^|\n)$/.test(each)), []);
  }));
});

Deno.test("readDocuments() keeps the order of files and of documents in them", async () => {
  const terminal = stringTerminal({ files: { a: "n: 1\n---\nn: 2\n", b: "n: 3" }, input: "n: 4" });
  const documents = await readDocuments(["b", "-", "a"], terminal);
  assert.deepEqual(documents.map(({ object, file }) => [object?.n, file]), [
    [3, "b"],
    [4, "standard input"],
    [1, "a"],
    [2, "a"],
  ]);
});

Deno.test("readDocuments() reads a document of comments as one without an object", async () => {
  const documents = await read("# only\n---\n# comments\n---\na: 1\n");
  assert.deepEqual(documents.map(({ object }) => object), [undefined, { a: 1 }]);
});

Deno.test("readDocuments() keeps a member named __proto__ a member", async () => {
  const [document] = await read("__proto__: { polluted: true }\n");
  assert.ok(document?.object && Object.hasOwn(document.object, "__proto__"));
  assert.equal("polluted" in {}, false);
});

Deno.test("readDocuments() refuses aliases that unfold to more than a manifest can be", async () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 9; i++) {
    lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  }
  await assert.rejects(read(lines.join("\n")), /Cannot read m\.yaml:1 as YAML: Excessive alias/);
});

Deno.test("readDocuments() says why a file cannot be read", async () => {
  const errors: [Error, RegExp][] = [
    [new Deno.errors.NotFound(), /^Cannot read f: there is no such file$/],
    [new Deno.errors.PermissionDenied(), /^Cannot read f: its permissions do not allow it$/],
    [new Deno.errors.NotCapable(), /^Cannot read f: it is a device; pipe its content into -f -$/],
    [new Error("disk on fire"), /^Cannot read f: disk on fire$/],
  ];
  for (const [error, message] of errors) {
    const terminal = { ...stringTerminal(), readFile: () => Promise.reject(error) };
    await assert.rejects(readDocuments(["f"], terminal), { name: "CliError", message });
  }
});

Deno.test("readDocuments() takes /dev/stdin for standard input, and either of them once", async () => {
  const terminal = stringTerminal({ input: "a: 1\n" });
  const [document] = await readDocuments(["/dev/stdin"], terminal);
  assert.equal(document?.file, "standard input");
  await assert.rejects(readDocuments(["-", "/dev/stdin"], terminal), {
    name: "CliError",
    message: "Cannot read standard input twice: name it once with -f -",
  });
});

Deno.test("readDocuments() says what to do with an address, and with what is nested too deep", async () => {
  await assert.rejects(
    readDocuments(["https://example.com/m.yaml"], stringTerminal()),
    /: it is a URL; pipe its content into -f -$/,
  );
  await assert.rejects(
    read("[".repeat(100_000)),
    /^CliError: Cannot read m\.yaml:1 as YAML: it is nested/,
  );
});

Deno.test("readDocuments() reads the folders within a folder only where it is asked to", async () => {
  const files = {
    "d/a.yaml": "n: 1",
    "d/README": "",
    "d/b/c.json": '{"n":2}',
    "d/b/e/f.yml": "n: 3",
  };
  const folders = new Map([["d", ["b", "README", "a.yaml"]], ["d/b", ["c.json", "e"]], ["d/b/e", [
    "f.yml",
  ]]]);
  const terminal = {
    ...stringTerminal({ files }),
    readFolder: (path: string) => {
      const names = folders.get(path);
      return names ? Promise.resolve(names) : Promise.reject(new Deno.errors.NotADirectory(path));
    },
  };
  const numbers = async (recursive: boolean) =>
    (await readDocuments(["d"], terminal, { recursive })).map(({ object }) => object?.n);
  assert.deepEqual(await numbers(false), [1]);
  assert.deepEqual(await numbers(true), [1, 2, 3]);
});

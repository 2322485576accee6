import assert from "node:assert/strict";
import { parse, parseAllDocuments, stringify } from "yaml";
import { isPrintable } from "../../lib/core/printable.ts";
import { clusterOf } from "./object_cluster.ts";
import { runCli } from "./string_terminal.ts";

/**
 * The commands of the golden cases that read a cluster, on the same cluster after another client has put terminal
 * escapes, bidirectional overrides and line ends into every text that the API server stores unchanged.
 */

const FOLDER = new URL("./testdata/", import.meta.url);
const HOSTILE = "\x1b[31m\x1b]0;owned\x07\x9b2J\u202E\u2066\b\r\nok       forged\n\u2028";
const FREE_TEXTS = new Set(["image", "message", "holderIdentity", "value", "note"]);
/** What the program itself colours with. */
const OWN_COLORS = [1, 22, 31, 32, 33, 36, 39].map((code) => `\x1b[${code}m`);

function hostile(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => hostile(each, key));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        hostile(each, name),
      ]),
    );
  }
  return typeof value === "string" && FREE_TEXTS.has(key) ? `${value}${HOSTILE}` : value;
}

interface Case {
  readonly args: readonly string[];
  readonly files: Record<string, string>;
  readonly cluster: string;
}

function readCase(text: string): Case | undefined {
  const [command = "", ...sections] = text.split(/^-- (.+) --\n/m);
  const files: Record<string, string> = {};
  for (let i = 0; i + 1 < sections.length; i += 2) {
    files[sections[i] ?? ""] = sections[i + 1] ?? "";
  }
  const { "cluster.yaml": stored } = files;
  if (stored === undefined) return undefined;
  const objects = parseAllDocuments(stored).map((document) => document.toJS());
  const cluster = objects.map((object) => stringify(hostile(object))).join("---\n");
  return { args: command.trim().split(" ").slice(1), files, cluster };
}

function run({ args, files, cluster }: Case, colors: boolean) {
  const { stdin: input = "" } = files;
  return runCli(args, { files, input, colors, client: clusterOf(cluster).client });
}

function withoutOwnColors(text: string): string {
  return OWN_COLORS.reduce((rest, code) => rest.replaceAll(code, ""), text);
}

for (const folder of Deno.readDirSync(FOLDER)) {
  if (!folder.isDirectory) continue;
  for (const { name } of Deno.readDirSync(new URL(`${folder.name}/`, FOLDER))) {
    const found = readCase(Deno.readTextFileSync(new URL(`${folder.name}/${name}`, FOLDER)));
    if (found === undefined) continue;
    const title = name.replace(/\.txt$/, "").replaceAll("_", " ");
    Deno.test(`sidecarset ${folder.name} ${title} without control characters`, async () => {
      for (const colors of [false, true]) {
        const { output, errors } = await run(found, colors);
        for (const text of [output, errors]) {
          const shown = colors ? withoutOwnColors(text) : text;
          assert.ok(isPrintable(shown), JSON.stringify(shown));
          assert.doesNotMatch(shown, /^ok {7}forged/m);
        }
      }
    });
  }
}

for (const format of ["json", "yaml"]) {
  Deno.test(`status -o ${format} keeps the exact texts, escaped`, async () => {
    const file = new URL("status/shows_all_conditions.txt", FOLDER);
    const found = readCase(await Deno.readTextFile(file));
    assert.ok(found);
    const { output } = await run({ ...found, args: ["status", "-o", format] }, false);
    assert.ok(isPrintable(output));
    const { items } = parse(output);
    assert.ok(items[0].status.conditions[0].message.endsWith(HOSTILE));
  });
}

import { Document, isSeq, parseAllDocuments } from "yaml";
import { isObject, type JsonPatchOperation } from "../api/json.ts";
import { CliError, type Terminal } from "./terminal.ts";

/** One YAML or JSON document of a file: its text as it came, and its tree, which a patch can change without losing comments. */
export interface ManifestDocument {
  readonly source: string;
  readonly value: unknown;
  readonly tree: Document.Parsed | Document;
}

/**
 * Reads every document of the files, in order.
 *
 * @param files Paths; `-` is standard input.
 * @throws {CliError} that names the file and the line.
 */
export async function readDocuments(
  files: readonly string[],
  terminal: Terminal,
): Promise<ManifestDocument[]> {
  const documents: ManifestDocument[] = [];
  for (const file of files) {
    const text = await readText(file, terminal);
    for (const tree of parseAllDocuments(text, { prettyErrors: true })) {
      const [problem] = tree.errors;
      if (problem) {
        throw new CliError(`Cannot read ${file} as YAML: ${problem.message.split("\n")[0]}`);
      }
      const value: unknown = tree.toJS();
      if (value === null || value === undefined) continue;
      if (!isObject(value)) {
        throw new CliError(`Cannot read a document of ${file} as a manifest: it is not an object`);
      }
      const [start, , end] = tree.range;
      documents.push({ source: text.slice(start, end).trim(), value, tree });
    }
  }
  return documents;
}

async function readText(file: string, terminal: Terminal): Promise<string> {
  if (file === "-") return await terminal.readInput();
  try {
    return await terminal.readFile(file);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : String(error);
    throw new CliError(`Cannot read ${file}: ${why}`);
  }
}

/** Applies a JSON patch to the document's tree; comments and layout of everything else stay. */
export function patchTree(document: Document, operations: readonly JsonPatchOperation[]): void {
  for (const operation of operations) {
    const path = operation.path.slice(1).split("/").map((token) =>
      token.replaceAll("~1", "/").replaceAll("~0", "~")
    );
    const last = path.at(-1) ?? "";
    const parent = document.getIn(path.slice(0, -1));
    if (operation.op === "remove") document.deleteIn(path);
    else if (operation.op === "add" && isSeq(parent)) {
      const index = last === "-" ? parent.items.length : Number(last);
      parent.items.splice(index, 0, document.createNode(operation.value));
    } else if (operation.op !== "test") {
      document.setIn(path, document.createNode(operation.value));
    }
  }
}

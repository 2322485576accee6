import {
  type Document,
  type DocumentOptions,
  LineCounter,
  parseAllDocuments,
  type ParseOptions,
  type SchemaOptions,
  type Tags,
} from "yaml";
import { isObject } from "../../api/json.ts";
import { fileProblem } from "../../api/problems.ts";
import { CliError, type Device } from "../terminal/terminal.ts";

/** One YAML or JSON document of a file. */
export interface ManifestDocument {
  /** Name of the file in messages. */
  readonly file: string;
  /** Source text in whole lines, with preceding comments and `---`. */
  readonly text: string;
  /** Offset of the text in the file, which the tree's ranges refer to. */
  readonly start: number;
  /** Syntax tree with comments and layout. */
  readonly tree: Document;
  /** Undefined for a document without content. */
  readonly object: Record<string, unknown> | undefined;
  /** Line number of an offset in the file, from 1. */
  lineAt(offset: number): number;
}

/** Flags of the commands that read files with `--filename`. */
export interface ReadOptions {
  /** Read folders recursively, like kubectl's `-R`. @default false */
  readonly recursive?: boolean | undefined;
}

/**
 * Reads every document of the files, in order. The concatenated texts of its documents are the file.
 *
 * @param paths Files, and folders whose YAML and JSON files are read as kubectl does; `-` is standard input, once.
 * @throws {CliError} with file and line if a file cannot be read or parsed.
 */
export async function readDocuments(
  paths: readonly string[],
  terminal: Device,
  { recursive = false }: ReadOptions = {},
): Promise<ManifestDocument[]> {
  if (paths.filter(isInput).length > 1) {
    throw new CliError("Cannot read standard input twice: name it once with -f -");
  }
  const documents: ManifestDocument[] = [];
  for (const path of paths) {
    for (const [file, text] of await readTexts(path, { terminal, recursive })) {
      for (const document of parseDocuments(text, file)) documents.push(document);
    }
  }
  return documents;
}

interface Reading {
  readonly terminal: Device;
  readonly recursive: boolean;
  /** Whether this is a subfolder. */
  readonly isInner?: boolean;
}

type FileText = readonly [file: string, text: string];

/** Deno does not open devices without full permissions, so standard input has its own case. */
function isInput(path: string): boolean {
  return path === "-" || path === "/dev/stdin";
}

async function readTexts(path: string, reading: Reading): Promise<FileText[]> {
  const { terminal } = reading;
  try {
    if (isInput(path)) return [["standard input", await terminal.readInput()]];
    return [[path, await terminal.readFile(path)]];
  } catch (error) {
    if (error instanceof Deno.errors.IsADirectory) return await readFolder(path, reading);
    throw new CliError(`Cannot read ${path}: ${whyUnreadable(path, error)}`);
  }
}

async function readFolder(folder: string, reading: Reading): Promise<FileText[]> {
  const { terminal, recursive } = reading;
  const names = (await terminal.readFolder(folder)).toSorted();
  const texts: FileText[] = [];
  for (const name of names) {
    const path = `${folder.replace(/\/$/, "")}/${name}`;
    if (MANIFEST_NAME.test(name)) texts.push(...await readTexts(path, reading));
    else if (recursive) texts.push(...await readInnerFolder(path, reading));
  }
  if (texts.length > 0 || reading.isInner) return texts;
  const remedy = recursive ? "" : "; -R also reads its subfolders";
  throw new CliError(
    `Cannot read ${folder}: the folder has no .yaml, .yml or .json files${remedy}`,
  );
}

/** Reads a subfolder; empty for anything else. */
async function readInnerFolder(path: string, reading: Reading): Promise<FileText[]> {
  try {
    return await readFolder(path, { ...reading, isInner: true });
  } catch (error) {
    if (error instanceof CliError) throw error;
    return [];
  }
}

const MANIFEST_NAME = /\.(?:ya?ml|json)$/;

function whyUnreadable(path: string, error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) return "it is a device; pipe its content into -f -";
  const isAddress = error instanceof Deno.errors.NotFound && /^https?:\/\//.test(path);
  return isAddress ? "it is a URL; pipe its content into -f -" : fileProblem(error);
}

function parseDocuments(text: string, file: string): ManifestDocument[] {
  const lines = new LineCounter();
  const trees = parseAllDocuments(text, { ...kubernetesYaml(), lineCounter: lines });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if ("empty" in trees) return [];
  let start = 0;
  return trees.map((tree, index) => {
    const [problem] = tree.errors;
    if (problem) {
      const what = problem.code === "RESOURCE_EXHAUSTION"
        ? "it is nested too deep"
        : problem.message.split(" at line ")[0];
      throw new CliError(`Cannot read ${file}:${lineAt(problem.pos[0])} as YAML: ${what}`);
    }
    const end = index === trees.length - 1 ? text.length : endOfLine(text, tree.range[2]);
    const document = {
      file,
      text: text.slice(start, end),
      start,
      tree,
      object: objectOf(tree, `${file}:${lineAt(tree.contents?.range[0] ?? tree.range[0])}`),
      lineAt,
    };
    start = end;
    return document;
  });
}

/** An empty document ends after its `---`, any other at a line end. */
function endOfLine(text: string, offset: number): number {
  if (text[offset - 1] === "\n") return offset;
  const [lineEnd = ""] = /^\r?\n/.exec(text.slice(offset, offset + 2)) ?? [];
  return offset + lineEnd.length;
}

function objectOf(tree: Document.Parsed, place: string): Record<string, unknown> | undefined {
  const value = valueOf(tree, place);
  if (value === null || value === undefined) return undefined;
  if (isObject(value)) return value;
  throw new CliError(
    `Cannot read ${place} as a manifest: it must be an object with apiVersion and kind`,
  );
}

function valueOf(tree: Document.Parsed, place: string): unknown {
  try {
    return tree.toJS();
  } catch (error) {
    // Undefined aliases, or aliases that expand to too much data.
    throw new CliError(
      `Cannot read ${place} as YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Options to parse YAML like kubectl: as version 1.1 (`defaultMode: 0644` is an octal number, `on` is true), except
 * that `y` and `n`, dates and sexagesimal numbers are plain strings.
 *
 * @see `sigs.k8s.io/yaml/goyaml.v2/resolve.go`
 */
export function kubernetesYaml(): ParseOptions & DocumentOptions & SchemaOptions {
  return {
    schema: "yaml-1.1",
    // Quotes dates and similar strings, which other YAML parsers do not read as strings.
    compat: "yaml-1.1",
    customTags: narrowed,
    stringKeys: true,
    logLevel: "silent",
  };
}

const UNKNOWN_TO_KUBECTL = new Set(["timestamp", "omap", "pairs", "set", "binary"]);

function narrowed(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === "string") return UNKNOWN_TO_KUBECTL.has(tag) ? [] : [tag];
    const name = tag.tag.split(":").at(-1) ?? "";
    if (UNKNOWN_TO_KUBECTL.has(name) || ("format" in tag && tag.format === "TIME")) return [];
    if (name !== "bool" || tag.collection) return [tag];
    return [{ ...tag, test: tag.test?.test("yes") ? TRUE : FALSE }];
  });
}

const TRUE = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const FALSE = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;

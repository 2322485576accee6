import { join } from "node:path";
import { isObject } from "../../lib/api/json.ts";

export type GoldenCase = { name: string } & Record<string, unknown>;

/** One file of golden cases. */
export interface GoldenFile {
  /** Relative to the folder: `inject/order.json`. */
  readonly path: string;
  readonly cases: readonly GoldenCase[];
}

/** The cases cannot be read; the message says which file and why. */
export class GoldenFileError extends Error {
  override name = "GoldenFileError";
}

/**
 * Reads all golden files of a folder and of those within it, by their paths.
 *
 * @throws {GoldenFileError} if there is none, or one is unreadable, no JSON or no list of cases with names of their own
 */
export async function readGoldenFiles(folder: string): Promise<GoldenFile[]> {
  const paths = await jsonFiles(folder, "");
  if (paths.length === 0) {
    throw new GoldenFileError(`Cannot judge ${folder}: there is no file of golden cases (*.json)`);
  }
  return await Promise.all(
    paths.sort().map(async (path) => {
      const text = await readText(join(folder, path));
      return { path, cases: casesOf(text, path) };
    }),
  );
}

async function jsonFiles(folder: string, within: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(join(folder, within))) {
      const path = join(within, name);
      if (isDirectory) paths.push(...await jsonFiles(folder, path));
      else if (name.endsWith(".json")) paths.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
    throw new GoldenFileError(`Cannot judge ${folder}: there is no such folder`);
  }
  return paths;
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new GoldenFileError(`Cannot read ${file}: ${String(error)}`);
  }
}

function casesOf(text: string, path: string): GoldenCase[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GoldenFileError(`Cannot read ${path} as JSON: ${String(error)}`);
  }
  if (!Array.isArray(value) || value.length === 0) {
    throw new GoldenFileError(`Cannot read ${path} as golden cases: it is no list with entries`);
  }
  const names = new Set<string>();
  return value.map((each: unknown, index) => {
    if (!isGoldenCase(each)) {
      throw new GoldenFileError(
        `Cannot read case ${index} of ${path}: it is no object with a name`,
      );
    }
    if (names.has(each.name)) {
      throw new GoldenFileError(`Cannot read ${path}: two cases are named "${each.name}"`);
    }
    names.add(each.name);
    return each;
  });
}

function isGoldenCase(value: unknown): value is GoldenCase {
  return isObject(value) && typeof value.name === "string";
}

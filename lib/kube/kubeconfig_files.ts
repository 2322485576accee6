import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { problemTexts } from "../api/field_problem.ts";
import { fileProblem } from "../api/file_problem.ts";
import { readAs, withoutNulls } from "../api/read.ts";
import type { Host } from "./host.ts";
import { type Kubeconfig, kubeconfig } from "./kubeconfig_schema.ts";

/** A kubeconfig entry, its file, and the base folder of its relative paths. */
export interface Located {
  readonly entry: unknown;
  readonly folder: string;
  readonly file: string;
}

/** An entry that was found and parsed. */
export interface Chosen<T> extends Located {
  readonly value: T;
  /** Such as `user "admin"`. */
  readonly title: string;
}

/** Several kubeconfig files, merged. */
export interface MergedKubeconfig {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Located>;
  readonly users: ReadonlyMap<string, Located>;
  readonly contexts: ReadonlyMap<string, Located>;
}

export interface ReadOptions {
  host: Pick<Host, "readTextFile">;
  /** Whether to skip a file that does not exist. */
  allowMissing: boolean;
}

/**
 * Reads and merges kubeconfig files. The first entry of a name wins, and the first current context
 * (`k8s.io/client-go/tools/clientcmd/loader.go:Load`).
 *
 * @throws {Error} with the file's name if a file cannot be read or is not a kubeconfig
 */
export async function readKubeconfigs(
  files: readonly string[],
  options: ReadOptions,
): Promise<MergedKubeconfig> {
  const clusters = new Map<string, Located>();
  const users = new Map<string, Located>();
  const contexts = new Map<string, Located>();
  const found: string[] = [];
  let currentContext: string | undefined;
  for (const file of files) {
    const config = await readOne(file, options);
    if (config === undefined) continue;
    found.push(file);
    currentContext ||= config["current-context"];
    const add = (to: Map<string, Located>, name: string, entry: unknown) => {
      if (!to.has(name)) to.set(name, { entry, folder: dirname(resolve(file)), file });
    };
    for (const { name, cluster } of config.clusters ?? []) add(clusters, name, cluster);
    for (const { name, user } of config.users ?? []) add(users, name, user);
    for (const { name, context } of config.contexts ?? []) add(contexts, name, context);
  }
  return { files: found, currentContext, clusters, users, contexts };
}

async function readOne(file: string, options: ReadOptions): Promise<Kubeconfig | undefined> {
  let text: string;
  try {
    text = await options.host.readTextFile(file);
  } catch (cause) {
    if (options.allowMissing && cause instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(file, cause);
  }
  let value: unknown;
  try {
    value = withoutNulls(parse(text) ?? {});
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const read = readAs(kubeconfig, value);
  if (read.ok) return read.value;
  throw new Error(`Cannot read ${file} as a kubeconfig: ${problemTexts(read.problems)}`);
}

function unreadable(file: string, cause: unknown): Error {
  // The YAML parser appends the surrounding lines.
  const problem = fileProblem(cause).split(/:?\n/)[0];
  return new Error(`Cannot read ${file} as a kubeconfig: ${problem}`, { cause });
}

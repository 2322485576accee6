import { contextNames } from "../../kube/kubeconfig.ts";
import { denoHost } from "../../kube/host.ts";
import { list } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import type { ClusterOptions } from "../cluster/connection.ts";
import type { CommandContext } from "../command_line/context.ts";
import type { Values } from "./words.ts";

/** A shell waits for the values, so a slow cluster has none. */
const TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_SECONDS = 2;
const MAX_VALUES = 500;

/**
 * Finds the values that a shell offers for an argument or option.
 *
 * @param words The typed words, with options that select the cluster; bash separates `--option`, `=` and the value
 * @returns empty on any error or without an answer in time; never rejects.
 */
export async function completeValues(
  values: Values,
  { words, terminal, connect }:
    & { words: readonly string[] }
    & Pick<CommandContext, "terminal" | "connect">,
): Promise<readonly string[]> {
  const options = clusterOptionsIn(words);
  const { promise: none, resolve } = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => resolve([]), TIMEOUT_MS);
  try {
    const found = values === "contexts"
      ? contextNames({
        host: { ...denoHost(), env: terminal.env, readTextFile: terminal.readFile },
        ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
      })
      : namesOf(values, { options, terminal, connect });
    return await Promise.race([found, none]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

async function namesOf(
  values: "sidecarsets" | "namespaces",
  { options, terminal, connect }:
    & { options: ClusterOptions }
    & Pick<CommandContext, "terminal" | "connect">,
): Promise<string[]> {
  const silent = { ...terminal, error() {} };
  const requestTimeout = REQUEST_TIMEOUT_SECONDS;
  const { client } = await connect({ ...options, requestTimeout }, silent);
  const kind = values === "namespaces" ? resources.namespaces : resources.sidecarSets;
  const { items } = await send(client, list(kind, { limit: MAX_VALUES }));
  return items.flatMap(({ metadata }) => metadata.name ?? []);
}

const CLUSTER_FLAGS = {
  "--kubeconfig": "kubeconfig",
  "--context": "context",
  "--as": "as",
} as const;

/** The options that select the cluster; the last word is incomplete. */
function clusterOptionsIn(words: readonly string[]): ClusterOptions {
  const separated = words.slice(0, -1).filter((word) => word !== "=").flatMap((word) => {
    const [, flag, value] = /^(--[a-z-]+)=(.*)$/s.exec(word) ?? [];
    return flag === undefined || value === undefined ? [word] : [flag, value];
  });
  const given: Partial<Record<"kubeconfig" | "context" | "as", string>> = {};
  for (const [index, word] of separated.entries()) {
    const value = separated[index + 1];
    for (const [flag, name] of Object.entries(CLUSTER_FLAGS)) {
      if (word === flag && value !== undefined) given[name] = value;
    }
  }
  return given;
}

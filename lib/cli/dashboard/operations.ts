import { KIND, LAST_APPLIED_ANNOTATION } from "../../api/names.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import type { Live } from "../cluster/connection.ts";
import type { ExclusionOptions } from "../cluster/known_cluster.ts";
import { missingRightsText } from "../cluster/missing_rights.ts";
import { readAll } from "../cluster/reading.ts";
import { diffCommand } from "../diff/diff.ts";
import { missingOwnRights, type Right } from "../doctor/rights.ts";
import { readExplanations } from "../explain/explain.ts";
import { verdictText } from "../explain/text.ts";
import { readSidecarSet } from "../rollout/change.ts";
import { rolloutCommands } from "../rollout/rollout.ts";
import { failureText } from "../terminal/failure_text.ts";
import { CliError, createTerminal } from "../terminal/terminal.ts";
import { yamlText } from "../terminal/yaml_text.ts";

export type Context = Live & { readonly options: ExclusionOptions };

/** What a command printed, and its exit status. */
interface Printed {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command of the program, and returns what it prints. */
async function printed(
  { terminal, connection }: Live,
  work: (live: Live) => Promise<number>,
  input = "",
): Promise<Printed> {
  let [output, errors] = ["", ""];
  const captured = createTerminal({
    ...terminal,
    write: (text) => void (output += text),
    error: (text) => void (errors += text),
    readInput: () => Promise.resolve(input),
    interactive: false,
    colors: false,
  });
  try {
    const status = await work({ terminal: captured, connection });
    return { status, output, errors };
  } catch (error) {
    const text = failureText(error, { verbose: false, program: terminal.program });
    return { status: 2, output, errors: `${errors}${text}\n` };
  }
}

/** `sidecarset diff -f` for edited YAML. Changes nothing. */
export function previewEdit(yaml: string, context: Context): Promise<Printed> {
  const options = { ...context.options, filename: ["-"], output: "text" as const };
  return printed(context, (live) => diffCommand(options, live), yaml);
}

/**
 * What `sidecarset explain pod/NAME` says, with the containers in start order.
 *
 * @throws {CliError} if the Pod cannot be read.
 */
export async function explainPod(
  { namespace, name }: { namespace: string; name: string },
  { options, ...live }: Context,
) {
  const pod = { ...options, objects: [`pod/${name}`], namespace, filename: [] };
  const { explanations = [], missingRights = [] } = await readExplanations(pod, live) ?? {};
  const [found] = explanations;
  if (found === undefined) throw new CliError(`Cannot find Pod ${name} in namespace ${namespace}`);
  return {
    sidecarSets: found.sidecarSets.map((each) => {
      const { word, color, details, commands, warnings } = verdictText(each);
      const { name, reason, fields = [] } = each;
      const isSelected = reason !== "NotSelected";
      return {
        name,
        isSelected,
        word,
        color,
        details: [...details, ...warnings],
        commands,
        fields,
      };
    }),
    initContainers: found.initContainers,
    containers: found.containers,
    missingRights: missingRights.length === 0 ? "" : missingRightsText(missingRights),
  };
}

/** `sidecarset rollout history`; with a number, the text of one revision with its differences. */
export function history(
  { name, revision }: { name: string; revision?: number },
  context: Context,
): Promise<Printed> {
  const output = revision === undefined ? "json" : "text";
  const options = {
    ...rolloutOptions(name, context),
    output,
    ...(revision && { revision }),
  } as const;
  return printed(context, (live) => rolloutCommands.history(options, live));
}

/** The commands that the page offers. */
export const ACTIONS = ["pause", "resume", "undo", "restart-injection"] as const;

/** A change of a SidecarSet that the page asks for. */
export interface Action {
  readonly action: (typeof ACTIONS)[number];
  readonly name: string;
  /** For `undo`. */
  readonly toRevision?: number;
  /** Only shows what would be done. */
  readonly dryRun: boolean;
}

/** `sidecarset rollout pause|resume|undo|restart-injection`. */
export function act(
  { action, name, toRevision, dryRun }: Action,
  context: Context,
): Promise<Printed> {
  const options = {
    ...rolloutOptions(name, context),
    dryRun: dryRun ? "server" : "none",
    ...(toRevision === undefined ? {} : { toRevision }),
  } as const;
  return printed(context, (live) => rolloutCommands[action](options, live));
}

function rolloutOptions(name: string, { options }: Context) {
  return { ...options, name, dryRun: "none", output: "text", percent: 0 } as const;
}

const RESTARTED = ["deployments", "statefulsets", "daemonsets"];

/** Why this user may not perform an action, by action; an allowed action is absent. */
export async function forbiddenActions(
  name: string,
  { connection: { client } }: Context,
): Promise<Readonly<Record<string, string>>> {
  const change: Right = { group: "apps.kruise.io", resource: "sidecarsets", verb: "patch", name };
  const restarts = RESTARTED.map((resource): Right => ({ group: "apps", resource, verb: "patch" }));
  const [missing, missingRestarts] = await Promise.all([
    missingOwnRights(client, [change]),
    missingOwnRights(client, restarts),
  ]);
  const forbidden = (rights: readonly string[], actions: readonly string[]) =>
    rights.length === 0
      ? []
      : actions.map((action) => [action, `this user may not ${rights.join(", ")}`]);
  return Object.fromEntries([
    ...forbidden(missing, ["pause", "resume", "undo"]),
    // One kind of workload is enough for a restart.
    ...forbidden(missingRestarts.length < RESTARTED.length ? [] : missingRestarts, [
      "restart-injection",
    ]),
  ]);
}

const MAX_EVENTS = 50;

/**
 * The newest events about a SidecarSet; undefined if this user may not read them.
 *
 * @param uid Of the SidecarSet, since there can be events about an earlier one with the same name.
 */
export async function eventsOf(uid: string, { connection: { client } }: Context) {
  const fieldSelector = `regarding.uid=${uid}`;
  const events = await ifAllowed(readAll(client, resources.events, { fieldSelector }));
  return events?.map(({ type, reason, note, eventTime, deprecatedLastTimestamp, series }) => ({
    type,
    reason,
    note,
    count: series?.count ?? 1,
    at: series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? "",
  })).sort((a, b) => a.at < b.at ? 1 : -1).slice(0, MAX_EVENTS);
}

/** The stored SidecarSet as YAML to edit, without what the API server and the controller write. */
export async function editableYaml(
  name: string,
  { connection: { client } }: Context,
): Promise<string> {
  const stored = await readSidecarSet(client, name);
  const { metadata: { labels, annotations = {} } } = stored;
  const { [LAST_APPLIED_ANNOTATION]: _applied, ...others } = annotations;
  const spec = "spec" in stored ? stored.spec : {};
  return yamlText({
    apiVersion: resources.sidecarSets.apiVersion,
    kind: KIND,
    metadata: {
      name,
      ...(labels ? { labels } : {}),
      ...(Object.keys(others).length > 0 ? { annotations: others } : {}),
    },
    spec,
  });
}

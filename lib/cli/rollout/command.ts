import { type Command, InvalidArgumentError, Option } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  dryRunOption,
  excludeNamespacesOption,
  outputOption,
  sidecarSetName,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { rolloutCommands, RolloutOptions } from "./rollout.ts";

type RolloutAction = keyof typeof rolloutCommands;

interface Subcommand {
  readonly name: RolloutAction;
  readonly description: string;
  readonly options: readonly Option[];
  readonly text?: readonly string[];
  readonly examples: readonly string[];
  /** Exit statuses. @default those of a change */
  readonly statuses?: readonly string[];
}

/** Adds `sidecarset rollout`, whose code is loaded when it runs. */
export function addRollout(program: Command, context: CommandContext): void {
  const rollout = program.command("rollout")
    .description("Pause, resume and undo roll-outs of a SidecarSet.")
    .addHelpText("after", helpNotes(NOTES));
  for (const subcommand of subcommands()) addSubcommand(rollout, { subcommand, context });
}

function addSubcommand(
  rollout: Command,
  { subcommand, context }: { subcommand: Subcommand; context: CommandContext },
): void {
  const { name, description, options, text = [], examples, statuses } = subcommand;
  const command = rollout.command(name)
    .description(description)
    .argument("<name>", "name of the SidecarSet", sidecarSetName);
  for (const option of options) command.addOption(option);
  addClusterOptions(command)
    .addHelpText("after", helpNotes({ text, examples, statuses: statuses ?? CHANGE_STATUSES }))
    .action(runWith(name, context));
}

function subcommands(): readonly Subcommand[] {
  return [
    {
      name: "pause",
      description: "Pause the update of running Pods (spec.updateStrategy.paused).",
      options: [injectionOption(), dryRunOption()],
      text: [
        "New Pods still get the current revision. With --injection, new Pods get no",
        "sidecars (spec.injectionStrategy.paused), and running Pods are still updated.",
      ],
      examples: ["rollout pause logging", "rollout pause logging --injection"],
    },
    {
      name: "resume",
      description: "Resume a paused roll-out.",
      options: [injectionOption(), dryRunOption()],
      text: ["Follow it with: sidecarset status NAME --watch"],
      examples: ["rollout resume logging", "rollout resume logging --injection"],
    },
    {
      name: "canary",
      description: "Roll out the newest revision to a percentage of the Pods.",
      options: [
        new Option("--percent <number>", "percentage of running and new Pods; 100 ends the canary")
          .argParser(percentOf).makeOptionMandatory(),
        dryRunOption(),
        systemNamespaceOption(),
      ],
      text: [
        "Sets spec.updateStrategy.partition for running Pods. A partition does not affect",
        "new Pods, so they are pinned to the previous revision with policy Partial. If all",
        "Pods have the current revision, the next change of the SidecarSet starts as a",
        "canary.",
      ],
      examples: ["rollout canary logging --percent 10", "rollout canary logging --percent 100"],
    },
    {
      name: "restart-injection",
      description: "Restart workloads whose Pods lack the current sidecars.",
      options: [
        new Option("-n, --namespace <name>", "only Pods in this namespace"),
        new Option("-l, --selector <labels>", "only Pods with these labels"),
        dryRunOption(),
        excludeNamespacesOption(),
        systemNamespaceOption(),
      ],
      text: [
        "Restarts Deployments, StatefulSets and DaemonSets that have a Pod without the",
        "sidecars, or a Pod that cannot be upgraded in place. As with kubectl rollout",
        "restart, an annotation of the Pod template changes, and the workload's update",
        "strategy applies. Pods without such a workload are listed with the command that",
        "deletes them; Pods that a restart would not fix are listed with the reason.",
      ],
      examples: [
        "rollout restart-injection logging --dry-run",
        "rollout restart-injection logging -n shop",
      ],
    },
    {
      name: "history",
      description: "List the revisions of a SidecarSet and their changes.",
      options: [
        new Option("--revision <number>", "show only this revision").argParser(revisionOf),
        outputOption(["text", "json", "yaml", "name"]),
        systemNamespaceOption(),
      ],
      examples: ["rollout history logging", "rollout history logging --revision 3"],
      statuses: ["0  listed", "2  SidecarSet or revision not found"],
    },
    {
      name: "undo",
      description: "Roll a SidecarSet back to an earlier revision.",
      options: [
        new Option(
          "--to-revision <number>",
          "revision number in the history (default: the previous one)",
        )
          .argParser(revisionOf),
        dryRunOption(),
        systemNamespaceOption(),
      ],
      text: [
        "Prints the changes first. Containers, volumes, pull secrets and metadata patches",
        "are those of the revision; selectors and strategies stay unchanged.",
      ],
      examples: ["rollout undo logging --dry-run", "rollout undo logging --to-revision 3"],
    },
  ];
}

function injectionOption(): Option {
  return new Option("--injection", "act on the injection into new Pods instead of the roll-out");
}

function runWith(action: RolloutAction, { terminal, connect, exit }: CommandContext) {
  return async (name: string, options: Given<Omit<RolloutOptions, "name">>) => {
    const { rolloutCommands } = await import("./rollout.ts");
    const connection = await connect(options, terminal);
    const isNamespaceUsed = action !== "pause" && action !== "resume";
    const resolved = await withSystemNamespace(options, isNamespaceUsed ? connection : undefined);
    exit(await rolloutCommands[action]({ ...resolved, name }, { terminal, connection }));
  };
}

function percentOf(text: string): number {
  const number = Number(text.replace(/%$/, ""));
  if (Number.isInteger(number) && number >= 0 && number <= 100) return number;
  throw new InvalidArgumentError("Give a whole number from 0 to 100.");
}

function revisionOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("Give the number of a revision.");
}

const CHANGE_STATUSES = [
  "0  done; with --dry-run: would be done",
  "1  nothing to do",
  "2  SidecarSet not found, or the cluster cannot be reached",
];

const NOTES = {
  examples: [
    "rollout pause logging",
    "rollout history logging",
    "rollout undo logging --to-revision 3",
  ],
  statuses: [
    "0  done",
    "1  nothing to do",
    "2  invalid command line, or the cluster cannot be reached",
  ],
};

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

/** Adds `sidecarset rollout`, whose code is loaded when it runs. */
export function addRollout(program: Command, context: CommandContext): void {
  const rollout = program.command("rollout")
    .description("Pause, resume and undo roll-outs of a SidecarSet.")
    .addHelpText("after", helpNotes(NOTES));
  for (const action of ACTIONS) addAction(rollout, { action, context });
  addCanary(rollout, context);
  addRestart(rollout, context);
  addHistory(rollout, context);
  addUndo(rollout, context);
}

interface Action {
  readonly name: "pause" | "resume";
  readonly description: string;
  readonly text: readonly string[];
}

const ACTIONS: readonly Action[] = [
  {
    name: "pause",
    description: "Pause the update of running Pods (spec.updateStrategy.paused).",
    text: [
      "New Pods still get the current revision. With --injection, new Pods get no",
      "sidecars (spec.injectionStrategy.paused), and running Pods are still updated.",
    ],
  },
  {
    name: "resume",
    description: "Resume a paused roll-out.",
    text: ["Follow it with: sidecarset status NAME --watch"],
  },
];

function addAction(
  rollout: Command,
  { action, context }: { action: Action; context: CommandContext },
): void {
  const { name, description, text } = action;
  const command = rollout.command(name)
    .description(description)
    .argument("<name>", "name of the SidecarSet", sidecarSetName)
    .option("--injection", "act on the injection into new Pods instead of the roll-out")
    .addOption(dryRunOption());
  addClusterOptions(command)
    .addHelpText(
      "after",
      helpNotes({
        text,
        examples: [`rollout ${name} logging`, `rollout ${name} logging --injection`],
        statuses: CHANGE_STATUSES,
      }),
    )
    .action(runWith(name, context));
}

function addCanary(rollout: Command, context: CommandContext): void {
  const command = rollout.command("canary")
    .description("Roll out the newest revision to a percentage of the Pods.")
    .argument("<name>", "name of the SidecarSet", sidecarSetName)
    .addOption(
      new Option("--percent <number>", "percentage of running and new Pods; 100 ends the canary")
        .argParser(percentOf).makeOptionMandatory(),
    )
    .addOption(dryRunOption());
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        text: [
          "Sets spec.updateStrategy.partition for running Pods. A partition does not affect",
          "new Pods, so they are pinned to the previous revision with policy Partial. If all",
          "Pods have the current revision, the next change of the SidecarSet starts as a",
          "canary.",
        ],
        examples: ["rollout canary logging --percent 10", "rollout canary logging --percent 100"],
        statuses: CHANGE_STATUSES,
      }),
    )
    .action(runWith("canary", context));
}

function addRestart(rollout: Command, context: CommandContext): void {
  const command = rollout.command("restart-injection")
    .description("Restart workloads whose Pods lack the current sidecars.")
    .argument("<name>", "name of the SidecarSet", sidecarSetName)
    .option("-n, --namespace <name>", "only Pods in this namespace")
    .option("-l, --selector <labels>", "only Pods with these labels")
    .addOption(dryRunOption())
    .addOption(excludeNamespacesOption());
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
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
        statuses: CHANGE_STATUSES,
      }),
    )
    .action(runWith("restart-injection", context));
}

function addHistory(rollout: Command, context: CommandContext): void {
  const command = rollout.command("history")
    .description("List the revisions of a SidecarSet and their changes.")
    .argument("<name>", "name of the SidecarSet", sidecarSetName)
    .addOption(new Option("--revision <number>", "show only this revision").argParser(revisionOf))
    .addOption(outputOption(["text", "json", "yaml", "name"]));
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        examples: ["rollout history logging", "rollout history logging --revision 3"],
        statuses: ["0  listed", "2  SidecarSet or revision not found"],
      }),
    )
    .action(runWith("history", context));
}

function addUndo(rollout: Command, context: CommandContext): void {
  const command = rollout.command("undo")
    .description("Roll a SidecarSet back to an earlier revision.")
    .argument("<name>", "name of the SidecarSet", sidecarSetName)
    .addOption(
      new Option(
        "--to-revision <number>",
        "revision number in the history (default: the previous one)",
      )
        .argParser(revisionOf),
    )
    .addOption(dryRunOption());
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        text: [
          "Prints the changes first. Containers, volumes, pull secrets and metadata patches",
          "are those of the revision; selectors and strategies stay unchanged.",
        ],
        examples: ["rollout undo logging --dry-run", "rollout undo logging --to-revision 3"],
        statuses: CHANGE_STATUSES,
      }),
    )
    .action(runWith("undo", context));
}

type RolloutAction = keyof typeof rolloutCommands;

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

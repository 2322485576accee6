import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command_line/context.ts";
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

/** `sidecarset rollout` */
export function addRollout(program: Command, context: CommandContext): void {
  const rollout = program.command("rollout")
    .description("Stop, continue and take back the roll-outs of a SidecarSet.")
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
    description: "Leave running Pods as they are (spec.updateStrategy.paused).",
    text: [
      "New Pods still get the current revision. With --injection, new Pods get no",
      "sidecars (spec.injectionStrategy.paused) and running Pods are still updated.",
    ],
  },
  {
    name: "resume",
    description: "Go on with a roll-out that was paused.",
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
    .argument("<name>", "the SidecarSet", sidecarSetName)
    .option("--injection", "the injection into new Pods instead of the roll-out")
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
    .description("Let a share of the Pods have the newest revision.")
    .argument("<name>", "the SidecarSet", sidecarSetName)
    .addOption(
      new Option("--percent <number>", "of running and of new Pods; 100 ends the canary")
        .argParser(percentOf).makeOptionMandatory(),
    )
    .addOption(dryRunOption());
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        text: [
          "Sets spec.updateStrategy.partition for running Pods, and pins new Pods to the",
          "revision before with policy Partial, as a partition alone does not hold back",
          "Pods that are created. Where all Pods have the current revision, the next change",
          "of the SidecarSet begins as a canary.",
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
    .argument("<name>", "the SidecarSet", sidecarSetName)
    .option("-n, --namespace <name>", "only Pods of this namespace")
    .option("-l, --selector <labels>", "only Pods with these labels")
    .addOption(dryRunOption())
    .addOption(excludeNamespacesOption());
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        text: [
          "Deployments, StatefulSets and DaemonSets that have a Pod without the sidecars,",
          "or one that cannot be upgraded in place, are restarted as by kubectl rollout",
          "restart: by an annotation of the template. Their own update strategies hold.",
          "Pods that no such workload owns are listed with the command that deletes them.",
          "Pods that a restart would not help are listed with the reason.",
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
    .description("List the revisions of a SidecarSet and what each of them changed.")
    .argument("<name>", "the SidecarSet", sidecarSetName)
    .addOption(new Option("--revision <number>", "only this one").argParser(revisionOf))
    .addOption(outputOption(["text", "json", "yaml"]));
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        examples: ["rollout history logging", "rollout history logging --revision 3"],
        statuses: ["0  listed", "2  there is no such SidecarSet or revision"],
      }),
    )
    .action(runWith("history", context));
}

function addUndo(rollout: Command, context: CommandContext): void {
  const command = rollout.command("undo")
    .description("Give a SidecarSet the containers of an earlier revision.")
    .argument("<name>", "the SidecarSet", sidecarSetName)
    .addOption(
      new Option("--to-revision <number>", "its number in the history (default: the one before)")
        .argParser(revisionOf),
    )
    .addOption(dryRunOption());
  addClusterOptions(command.addOption(systemNamespaceOption()))
    .addHelpText(
      "after",
      helpNotes({
        text: [
          "What changes is printed first. Containers, volumes, pull secrets and metadata",
          "patches are those of the revision; selectors and strategies stay as they are.",
        ],
        examples: ["rollout undo logging --dry-run", "rollout undo logging --to-revision 3"],
        statuses: CHANGE_STATUSES,
      }),
    )
    .action(runWith("undo", context));
}

type RolloutAction = keyof typeof rolloutCommands;

function runWith(action: RolloutAction, { terminal, connect, exit }: CommandContext) {
  return async (name: string, options: Omit<RolloutOptions, "name">) => {
    const { rolloutCommands } = await import("./rollout.ts");
    const connection = await connect(options, terminal);
    exit(await rolloutCommands[action]({ ...options, name }, { terminal, connection }));
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
  "0  done, or with --dry-run: would be done",
  "1  it is so already: nothing to do",
  "2  the SidecarSet or the cluster cannot be used",
];

const NOTES = {
  examples: [
    "rollout pause logging",
    "rollout history logging",
    "rollout undo logging --to-revision 3",
  ],
  statuses: ["0  done", "1  nothing to do", "2  the command line or the cluster cannot be used"],
};

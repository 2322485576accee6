import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  namespaceOption,
  outputOption,
  recursiveOption,
  singleFilenameOption,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { ExplainOptions } from "./explain.ts";

interface Given extends Omit<ExplainOptions, "objects" | "filename"> {
  readonly filename?: readonly string[];
  readonly fromCluster?: boolean;
}

/** `sidecarset explain` */
export function addExplain(program: Command, { terminal, connect, exit }: CommandContext): void {
  const explain = program.command("explain")
    .description("Say what each SidecarSet does or did to a Pod, and why.")
    .argument("[object...]", "Pods and workloads of the cluster, as kubectl names them")
    .addOption(singleFilenameOption("files with Pods or workloads, and SidecarSets"))
    .addOption(recursiveOption())
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(namespaceOption())
    .option("-A, --all-namespaces", "the cluster's objects of every namespace")
    .option("-l, --selector <labels>", "only objects of the cluster with these labels")
    .addOption(excludeNamespacesOption())
    .option("--from-cluster", "use the cluster's SidecarSets for the files too")
    .addOption(systemNamespaceOption());
  addClusterOptions(explain)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (objects: string[], options: Given) => {
      const { explainCommand } = await import("./explain.ts");
      if (objects.length > 0) (await import("./named_objects.ts")).checkNames(objects, options);
      const isLive = options.fromCluster === true || objects.length > 0;
      const cluster = isLive ? { connection: await connect(options, terminal) } : {};
      exit(
        await explainCommand({ ...options, filename: options.filename ?? [], objects }, {
          terminal,
          ...cluster,
        }),
      );
    });
}

const NOTES = {
  text: [
    "For each Pod, and each workload's template: which SidecarSets select it and",
    "which requirement fails for the others, what is injected in which order, and",
    "what is left out for which reason. For Pods of the cluster: what was injected",
    "at which revision, what was missed and why, and what comes next. SidecarSets of",
    "files stand in place of the cluster's of the same names.",
  ],
  examples: [
    "explain pod/web-0 deploy/web -n shop",
    "explain pods -A -l app=web",
    "explain deploy/web -f sidecarset.yaml",
    "explain -f pod.yaml -f sidecarset.yaml",
    "kubectl get deploy web -o yaml | sidecarset explain -f - -f new.yaml",
  ],
  statuses: [
    "0  explained",
    "1  explained, and a Pod is refused, or would be (failurePolicy Fail)",
    "2  the command line, a file or a SidecarSet cannot be used",
  ],
};

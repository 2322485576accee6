import type { Command } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
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

interface GivenOptions extends Given<Omit<ExplainOptions, "objects" | "filename">> {
  readonly filename?: readonly string[];
  readonly fromCluster?: boolean;
}

/** Adds `sidecarset explain`, whose code is loaded when it runs. */
export function addExplain(program: Command, { terminal, connect, exit }: CommandContext): void {
  const explain = program.command("explain")
    .description("Explain what each SidecarSet does, or did, to a Pod.")
    .argument("[object...]", "Pods and workloads of the cluster, such as pod/NAME")
    .addOption(singleFilenameOption("files with Pods or workloads, and SidecarSets"))
    .addOption(recursiveOption())
    .addOption(outputOption(["text", "json", "yaml"]))
    .addOption(namespaceOption())
    .option("-A, --all-namespaces", "objects in all namespaces of the cluster")
    .option("-l, --selector <labels>", "select objects of the cluster by label")
    .addOption(excludeNamespacesOption())
    .option("--from-cluster", "use the SidecarSets of the cluster for the files, too")
    .addOption(systemNamespaceOption());
  addClusterOptions(explain)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (objects: string[], options: GivenOptions) => {
      const { explainCommand } = await import("./explain.ts");
      if (objects.length > 0) (await import("./named_objects.ts")).checkNames(objects, options);
      const isLive = options.fromCluster === true || objects.length > 0;
      const connection = isLive ? await connect(options, terminal) : undefined;
      const resolved = await withSystemNamespace(options, connection);
      const given = { ...resolved, filename: options.filename ?? [], objects };
      exit(await explainCommand(given, { terminal, ...(connection && { connection }) }));
    });
}

const NOTES = {
  text: [
    "For each Pod, and each workload's Pod template: which SidecarSets select it,",
    "which requirement fails for the others, what is injected in which order, and the",
    "reason for each SidecarSet that is skipped. For Pods of the cluster: the injected",
    "revision, missed sidecars with the reason, and what happens next. SidecarSets in",
    "files replace those of the cluster with the same name.",
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
    "1  explained; a Pod is refused, or would be (failurePolicy Fail)",
    "2  invalid command line, file or SidecarSet",
  ],
};

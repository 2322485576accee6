import type { Command } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  excludeNamespacesOption,
  filenameOption,
  namespaceOption,
  outputOption,
  recursiveOption,
  systemNamespaceOption,
  timeOf,
} from "../command_line/options.ts";
import type { InjectOptions } from "./inject.ts";

/** Adds `sidecarset inject`, whose code is loaded when it runs. */
export function addInject(program: Command, { terminal, connect, exit }: CommandContext): void {
  const inject = program.command("inject")
    .description("Print manifests with the sidecars injected.")
    .addOption(
      filenameOption("files with SidecarSets, and Pods or workloads").makeOptionMandatory(),
    )
    .addOption(recursiveOption())
    .addOption(outputOption(["yaml", "json", "diff", "name"]))
    .addOption(namespaceOption())
    .addOption(excludeNamespacesOption())
    .option("--from-cluster", "use the SidecarSets and namespaces of the cluster, too")
    .option("--now <time>", "injection time that Pods record, for reproducible output", timeOf)
    .addOption(systemNamespaceOption());
  addClusterOptions(inject)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: Given<InjectOptions> & { fromCluster?: boolean }) => {
      const { injectCommand } = await import("./inject.ts");
      const connection = options.fromCluster ? await connect(options, terminal) : undefined;
      const resolved = await withSystemNamespace(options, connection);
      exit(await injectCommand(resolved, { terminal, ...(connection && { connection }) }));
    });
}

const NOTES = {
  text: [
    "Injects into Pods, and into the Pod templates of Deployments, StatefulSets,",
    "DaemonSets, ReplicaSets, Jobs and CronJobs, including those in Lists. Other",
    "objects are printed unchanged. As JSON, several objects are printed as one List.",
    "Namespaces in the files provide the labels for namespace selectors. With",
    "--from-cluster, SidecarSets and namespaces in the files replace those of the",
    "cluster with the same name. Skipped SidecarSets are listed on standard error",
    "with the reason.",
  ],
  examples: [
    "inject -f sidecarset.yaml -f deployment.yaml",
    "inject -f sidecarset.yaml -f deployment.yaml -o diff",
    "inject --from-cluster -f deployment.yaml -o diff",
    "kustomize build . | sidecarset inject -f sidecarset.yaml -f -",
    "inject -f set.yaml -f pod.yaml --now 2026-01-02T15:04:05Z",
  ],
  statuses: [
    "0  manifests printed",
    "1  manifests printed, but a Pod would be refused (failurePolicy Fail)",
    "2  invalid command line, file or SidecarSet",
  ],
};

import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
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

/** `sidecarset inject` */
export function addInject(program: Command, { terminal, connect, exit }: CommandContext): void {
  const inject = program.command("inject")
    .description("Print manifests as they are after injection.")
    .addOption(
      filenameOption("files with SidecarSets, and Pods or workloads").makeOptionMandatory(),
    )
    .addOption(recursiveOption())
    .addOption(outputOption(["yaml", "json", "diff"]))
    .addOption(namespaceOption())
    .addOption(excludeNamespacesOption())
    .option("--from-cluster", "use the cluster's SidecarSets and namespaces too")
    .option("--now <time>", "the time that the Pods record, for reproducible output", timeOf)
    .addOption(systemNamespaceOption());
  addClusterOptions(inject)
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: InjectOptions & { fromCluster?: boolean }) => {
      const { injectCommand } = await import("./inject.ts");
      const cluster = options.fromCluster ? { connection: await connect(options, terminal) } : {};
      exit(await injectCommand(options, { terminal, ...cluster }));
    });
}

const NOTES = {
  text: [
    "Pods get the sidecars, and so do the Pod templates of Deployments, StatefulSets,",
    "DaemonSets, ReplicaSets, Jobs and CronJobs, in Lists too. All else is printed as",
    "it came; as JSON, several objects make a List. Namespaces in the files give the",
    "labels for namespace selectors. With --from-cluster, SidecarSets and namespaces",
    "of the files stand in place of the cluster's of the same names.",
    "Each SidecarSet that is left out is told on standard error with its reason.",
  ],
  examples: [
    "inject -f sidecarset.yaml -f deployment.yaml",
    "inject -f sidecarset.yaml -f deployment.yaml -o diff",
    "inject --from-cluster -f deployment.yaml -o diff",
    "kustomize build . | sidecarset inject -f sidecarset.yaml -f -",
    "inject -f set.yaml -f pod.yaml --now 2026-01-02T15:04:05Z",
  ],
  statuses: [
    "0  the manifests are printed",
    "1  they are printed, but a Pod would be refused (failurePolicy Fail)",
    "2  the command line, a file or a SidecarSet cannot be used",
  ],
};

import type { Command } from "commander";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import { outputOption } from "../command_line/options.ts";
import type { PrintInstallationOptions } from "./print_installation.ts";

/** `sidecarset manifests` */
export function addManifests(program: Command, { terminal, exit }: CommandContext): void {
  program.command("manifests")
    .description("Print everything that an installation in a cluster needs.")
    .option("-n, --namespace <name>", "the installation's own namespace")
    .option("--image <image>", "the program's container image")
    .option("--image-pull-secret <name>", "a Secret in that namespace to pull the image with")
    .option("--replicas <number>", "how many replicas answer admissions")
    .option("--cert-manager", "take the webhook's certificate from cert-manager")
    .option("--openkruise", "let the controller read what OpenKruise has kept")
    .option("--restrict-controller", "limit what the controller's token may change in Pods")
    .option("--restrict-authors", "limit who may write SidecarSets with privileged containers")
    .option("--prometheus-operator", "add a PodMonitor and alert rules")
    .addOption(outputOption(["yaml", "json"]))
    .addHelpText("after", helpNotes(NOTES))
    .action(async (options: PrintInstallationOptions) => {
      const { printInstallation } = await import("./print_installation.ts");
      exit(await printInstallation(options, terminal));
    });
}

const NOTES = {
  text: ["The same objects as in the folder manifests of the sources, for kubectl."],
  examples: [
    "manifests --image IMAGE | kubectl apply -f -",
    "manifests --cert-manager --prometheus-operator --replicas 3",
  ],
  statuses: ["0  printed", "2  an option cannot be used"],
};

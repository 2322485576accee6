import { type Command, Option } from "commander";
import { type CommandContext, type Given, withSystemNamespace } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";
import {
  addClusterOptions,
  dryRunOption,
  secondsOf,
  systemNamespaceOption,
} from "../command_line/options.ts";
import type { RenewOptions } from "./renew.ts";

/** Adds `sidecarset certificates`; a subcommand is loaded when it runs. */
export function addCertificates(program: Command, context: CommandContext): void {
  const certificates = program.command("certificates")
    .description("Renew the certificates of the webhook.")
    .addHelpText("after", helpNotes({ examples: EXAMPLES, statuses: STATUSES }));
  addRenew(certificates, context);
}

function addRenew(certificates: Command, { terminal, connect, exit }: CommandContext): void {
  const renew = certificates.command("renew")
    .description("Replace the webhook's certificates, for example after a key has leaked.")
    .option("--authority", "replace the certificate authority, too, and withdraw trust in the old")
    .option("-y, --yes", "do not ask for confirmation")
    .addOption(
      new Option("--timeout <seconds>", "how long to wait for all replicas")
        .default(300).argParser(secondsOf),
    )
    .addOption(dryRunOption())
    .addOption(systemNamespaceOption());
  addClusterOptions(renew)
    .addHelpText("after", helpNotes({ text: TEXT, examples: EXAMPLES, statuses: STATUSES }))
    .action(async (options: Given<RenewOptions>) => {
      const { renewCommand } = await import("./renew.ts");
      const connection = await connect(options, terminal);
      const resolved = await withSystemNamespace(options, connection);
      exit(await renewCommand(resolved, { terminal, connection }));
    });
}

const TEXT = [
  "Every replica issues a new serving certificate and discards the old key, which it",
  "has in memory only. Nothing restarts, and no Pod is refused or missed. An old",
  "serving certificate stays valid until it expires, at most 30 days by default: if",
  "its key has leaked, or that of the authority, use --authority. API servers then",
  "trust the new authority first, replicas change to it after a minute, and the old",
  "one is trusted no more once the last replica has changed. Needs the verbs get and",
  "update on the Secret sidecarset-webhook-ca, list on Leases, and get on webhook",
  "configurations.",
];

const EXAMPLES = ["certificates renew", "certificates renew --authority --yes"];

const STATUSES = [
  "0  renewed; with --dry-run: would be renewed",
  "1  not confirmed, or not every replica has renewed in time",
  "2  invalid command line, the certificates are those of another program, or the cluster cannot be reached",
  "130  interrupted by Ctrl-C; the replicas continue",
];

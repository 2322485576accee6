import type { Command } from "commander";
import { settings } from "../../runtime/settings.ts";
import type { CommandContext } from "../command_line/context.ts";
import { helpNotes } from "../command_line/help.ts";

/** `sidecarset controller`, whose options are the settings of the process. */
export function addController(program: Command, { terminal, exit }: CommandContext): void {
  const controller = program.command("controller")
    .description("Run the webhook and the controller.")
    .addHelpText("after", helpNotes(NOTES));
  for (const { flag, value, env, description, default: fallback } of settings) {
    const hints = [env ? `env ${env}` : "", fallback ? `default ${fallback}` : ""].filter(Boolean);
    controller.option(
      value ? `--${flag} <${value}>` : `--${flag}`,
      hints.length > 0 ? `${description} (${hints.join(", ")})` : description,
    );
  }
  controller.action(async (_options: unknown, command: Command) => {
    const { controllerCommand } = await import("./controller.ts");
    exit(await controllerCommand(flagsOf(command), terminal));
  });
}

/** The given flags by name. */
function flagsOf(command: Command): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const option of command.options) {
    given[option.long?.slice(2) ?? ""] = command.getOptionValue(option.attributeName());
  }
  return given;
}

const NOTES = {
  examples: ["controller --webhook-url https://HOST:9443/"],
  statuses: [
    "0  shut down gracefully after SIGTERM or SIGINT",
    "2  invalid configuration, or the cluster cannot be reached",
  ],
};

import { Command } from "commander";
import type { CommandContext } from "./command_line/context.ts";
import { addHelp, showHelpAfterErrors } from "./command_line/help.ts";
import { checkTemplate } from "./command_line/options.ts";
import { addCertificates } from "./certificates/command.ts";
import { addCompleteValues, addCompletion } from "./completion/command.ts";
import { addController } from "./controller/command.ts";
import { addDashboard } from "./dashboard/command.ts";
import { addDiff } from "./diff/command.ts";
import { addDoctor } from "./doctor/command.ts";
import { addExplain } from "./explain/command.ts";
import { addInject } from "./inject/command.ts";
import { addManifests } from "./manifests/command.ts";
import { addRollout } from "./rollout/command.ts";
import { addStatus } from "./status/command.ts";
import { addUninstall } from "./uninstall/command.ts";
import { addValidate } from "./validate/command.ts";
import { addVersion, PROGRAM_VERSION } from "./version/version.ts";

/** Creates all commands with options and help. A command imports its implementation when it runs, for a fast start. */
export function createProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command(terminal.program)
    .description("Injects sidecar containers into Pods and upgrades them in place.")
    .version(`sidecarset ${PROGRAM_VERSION}`, "--version", "print the version of the program")
    .option("--verbose", "print the stack trace of an error")
    .configureOutput({
      writeOut: terminal.write,
      writeErr: terminal.error,
      getOutHelpWidth: () => terminal.window().columns,
      getErrHelpWidth: () => terminal.window().columns,
    })
    .configureHelp({ minWidthToWrap: 20, showGlobalOptions: true })
    .hook("preAction", (_program, command) => checkTemplate(command.opts()))
    .exitOverride();
  addInject(program, context);
  addExplain(program, context);
  addDiff(program, context);
  addValidate(program, context);
  addStatus(program, context);
  addRollout(program, context);
  addDoctor(program, context);
  addDashboard(program, context);
  addController(program, context);
  addCompletion(program, context);
  addCompleteValues(program, context);
  addManifests(program, context);
  addCertificates(program, context);
  addUninstall(program, context);
  addVersion(program, context);
  addHelp(program);
  showHelpAfterErrors(program);
  return program;
}

import { Command } from "commander";
import { addCompletion } from "./commands/completion.ts";
import { addController } from "./commands/controller.ts";
import { addDiff } from "./commands/diff.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExplain } from "./commands/explain.ts";
import type { CommandContext } from "./commands/context.ts";
import { addInject } from "./commands/inject.ts";
import { addManifests } from "./commands/manifests.ts";
import { addRollout } from "./commands/rollout.ts";
import { addStatus } from "./commands/status.ts";
import { addUninstall } from "./commands/uninstall.ts";
import { addValidate } from "./commands/validate.ts";
import { addVersion } from "./commands/version.ts";

/** All commands with their options and help; each loads what it does when it runs, so that a short command starts quickly. */
export function createProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command("sidecarset")
    .description("Injects sidecar containers into Pods and upgrades them in place.")
    .option("--verbose", "show where in the program an error comes from")
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.error })
    .configureHelp({ helpWidth: 80, showGlobalOptions: true })
    .showHelpAfterError("Run it with --help to see what it takes.")
    .exitOverride();
  addInject(program, context);
  addExplain(program, context);
  addDiff(program, context);
  addValidate(program, context);
  addStatus(program, context);
  addRollout(program, context);
  addDoctor(program, context);
  addController(program, context);
  addCompletion(program, context);
  addManifests(program, context);
  addUninstall(program, context);
  addVersion(program, context);
  return program;
}

import { inOneLine } from "../../core/printable.ts";
import { systemClock } from "../../runtime/clock.ts";
import { ConfigError, readConfig } from "../../runtime/config.ts";
import { createLogger } from "../../runtime/log.ts";
import { run } from "../../runtime/run.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";
import { PROGRAM_VERSION } from "../version/version.ts";

/**
 * Runs the webhook and the controller until SIGTERM or SIGINT; a second signal exits immediately.
 *
 * @param flags Values of the flags by name.
 * @throws {CliError} if the configuration is invalid or the cluster cannot be reached.
 */
export async function controllerCommand(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<number> {
  const config = readOrExplain(flags, terminal);
  const clock = systemClock();
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    write: (line) => terminal.error(`${line}\n`),
    now: () => clock.now(),
  });
  const stop = new AbortController();
  const onSignal = () => stop.signal.aborted ? Deno.exit(130) : stop.abort();
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, onSignal);
  try {
    await run({ config, version: PROGRAM_VERSION, clock, logger, signal: stop.signal });
    return 0;
  } catch (error) {
    throw new CliError(inOneLine(error instanceof Error ? error.message : String(error)));
  }
}

function readOrExplain(flags: Readonly<Record<string, unknown>>, terminal: Terminal) {
  try {
    return readConfig({ flags, env: terminal.env, terminal: terminal.interactive });
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message);
    throw error;
  }
}

import { run } from "./lib/cli/run.ts";
import { processTerminal } from "./lib/cli/terminal/terminal.ts";

Deno.exit(await run(Deno.args, processTerminal()));

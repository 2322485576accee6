import { parseArgs } from "node:util";
import { benchAdmission } from "./admission.ts";
import { benchDashboard } from "./dashboard.ts";
import { benchExecutable } from "./executable.ts";
import { benchFootprint } from "./footprint.ts";
import { benchLoop } from "./loop.ts";
import { benchMatching } from "./matching.ts";
import { benchMechanism } from "./mechanism.ts";
import { benchRollout } from "./rollout.ts";
import { benchSidecarSets } from "./sidecarsets.ts";
import { benchValidation } from "./validation.ts";

const BENCHES: Readonly<Record<string, (options: { quick: boolean }) => Promise<void>>> = {
  admission: benchAdmission,
  dashboard: benchDashboard,
  executable: benchExecutable,
  footprint: benchFootprint,
  loop: benchLoop,
  matching: benchMatching,
  mechanism: benchMechanism,
  rollout: benchRollout,
  sidecarsets: benchSidecarSets,
  validation: benchValidation,
};

const USAGE = `Usage: deno task bench [--quick] [NAME…]\nNames: ${Object.keys(BENCHES).join(", ")}`;

function parsed() {
  try {
    return parseArgs({
      args: Deno.args,
      options: { quick: { type: "boolean", default: false }, help: { type: "boolean" } },
      allowPositionals: true,
    });
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error));
  }
}

function usageError(reason: string): never {
  console.error(`Cannot run a bench: ${reason}\n${USAGE}`);
  Deno.exit(2);
}

/** Runs the benches that are named, or all of them. */
async function main(): Promise<void> {
  const { values, positionals } = parsed();
  if (values.help) return console.log(USAGE);
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) usageError(`there is no bench ${unknown}`);
  for (const name of names) await BENCHES[name]?.(values);
}

if (import.meta.main) await main();

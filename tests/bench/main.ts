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

/** Runs the benches that are named, or all of them. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    options: { quick: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  for (const name of names) {
    const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
    if (!bench) {
      console.error(`Cannot run bench ${name}: there are ${Object.keys(BENCHES).join(", ")}`);
      Deno.exit(2);
    }
    await bench(values);
  }
}

if (import.meta.main) await main();

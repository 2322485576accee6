import assert from "node:assert/strict";
import { formatCase, type GoldenCase, goldenFiles } from "./golden_cases.ts";
import { clusterOf } from "./object_cluster.ts";
import { runCli } from "./string_terminal.ts";

async function printed({ command, files }: GoldenCase): Promise<Record<string, string>> {
  const { stdin, "cluster.yaml": stored, ...rest } = files;
  const cluster = stored === undefined ? undefined : clusterOf(stored);
  const [program, ...args] = command.split(" ");
  assert.equal(program, "sidecarset");
  const ran = await runCli(args, {
    files: rest,
    ...(stdin === undefined ? {} : { input: stdin }),
    ...(cluster === undefined ? {} : { client: cluster.client }),
  });
  const writes = cluster?.writes() ?? [];
  return {
    "exit status": `${ran.status}\n`,
    "standard output": ran.output,
    "standard error": ran.errors,
    ...(writes.length === 0 ? {} : { requests: `${writes.join("\n")}\n` }),
  };
}

for (const { title, file, read } of goldenFiles()) {
  Deno.test(title, async () => {
    const golden = read();
    const results = await printed(golden);
    if (Deno.args.includes("--update")) {
      await Deno.writeTextFile(file, formatCase({ ...golden, results }));
      return;
    }
    assert.deepEqual(results, golden.results);
  });
}

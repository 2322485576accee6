import { testedExecutable } from "../support/launcher.ts";
import { type Form, SOURCES, withController } from "./controller.ts";
import { median, type Row, table } from "./table.ts";

/** How long after it is ready a controller is measured, in milliseconds. */
const SETTLE_MS = 10_000;
const NO_OBJECTS = { sidecarSets: 0, pods: 0 };

interface Measured {
  readonly versionMs: number[];
  readonly readySeconds: number[];
  readonly residentMiB: number[];
}

/**
 * Compares the executable that SIDECARSET_EXECUTABLE names with `deno run`: size, the start of a command, and the start
 * and memory of a controller without objects. Both take turns, so that a busy machine slows both.
 */
export async function benchExecutable({ quick }: { readonly quick: boolean }): Promise<void> {
  const executable = testedExecutable();
  if (executable === undefined) {
    console.log("\nThe executable is left out: name it in SIDECARSET_EXECUTABLE\n");
    return;
  }
  const forms: Readonly<Record<string, Form>> = {
    // As in its read-only image, it finds no folder for a code cache.
    executable: { program: executable, args: [], env: { TMPDIR: "/proc/nowhere" } },
    "deno run": SOURCES,
  };
  const entries = Object.entries(forms).map(([name, form]) => {
    const measured: Measured = { versionMs: [], readySeconds: [], residentMiB: [] };
    return { name, form, measured };
  });
  for (let round = 0; round < (quick ? 3 : 15); round++) {
    for (const { form, measured } of entries) measured.versionMs.push(await commandMs(form));
  }
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    for (const { form, measured } of entries) await measureController(form, measured);
  }
  const rows: Row[] = [];
  for (const { name, form, measured } of entries) {
    rows.push({
      form: name,
      Deno: await denoVersion(form),
      "file MB": ((await Deno.stat(form.program)).size / 1e6).toFixed(0),
      "version --client ms": median(measured.versionMs).toFixed(0),
      "ready s": median(measured.readySeconds).toFixed(2),
      [`RSS MiB ${SETTLE_MS / 1_000} s later`]: median(measured.residentMiB).toFixed(0),
    });
  }
  console.log("\nThe executable and `deno run`, medians; a controller without objects\n");
  console.log(table(rows));
}

async function commandMs(form: Form): Promise<number> {
  const started = performance.now();
  await output(form, ["version", "--client"]);
  return performance.now() - started;
}

async function measureController(form: Form, measured: Measured): Promise<void> {
  await withController({ size: NO_OBJECTS, form }, async ({ readySeconds, residentMiB }) => {
    measured.readySeconds.push(readySeconds);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    measured.residentMiB.push(residentMiB());
  });
}

async function denoVersion(form: Form): Promise<string> {
  const text = await output(form, ["version", "--client", "-o", "json"]);
  return /"deno": ?"([\d.]+)"/.exec(text)?.[1] ?? "unknown";
}

async function output({ program, args, env }: Form, command: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args, ...command],
    env: { ...env },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot bench ${program}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

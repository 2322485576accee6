import { inOneLine } from "../../core/printable.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import type { ExclusionOptions } from "../cluster/known_cluster.ts";
import { counted, type DataFormat, painted, printData, wrapped } from "../terminal/output.ts";
import type { Color, Terminal } from "../terminal/terminal.ts";
import { checkCertificates } from "./certificates.ts";
import { adviceOf, type Check } from "./check.ts";
import { checkApiServer, checkCrd, checkOpenKruise } from "./cluster.ts";
import { checkController } from "./controller.ts";
import { installCommand, openKruiseNamespaceOf, readDeployment, readFacts } from "./facts.ts";
import { checkEndless, checkRefusals } from "./pods.ts";
import { checkPolicy } from "./policy.ts";
import { checkRegistration } from "./registration.ts";
import { checkControllerRights, checkOwnRights } from "./rights.ts";
import { checkSidecarSets } from "./sidecarsets.ts";
import { checkInjection, checkValidation } from "./webhook.ts";

/** Flags of `sidecarset doctor`, as the command line gives them. */
export interface DoctorOptions extends ClusterOptions, ExclusionOptions {
  readonly output: "text" | DataFormat;
  /** Check a migration from OpenKruise instead. */
  readonly fromOpenkruise?: boolean;
}

/**
 * Checks an installation and prints the results.
 *
 * @returns 0 without errors, 1 with errors.
 */
export async function doctorCommand(
  options: DoctorOptions,
  { terminal, connection }: Live,
): Promise<number> {
  const { client } = connection;
  const { program } = terminal;
  const checks: Check[] = [await checkApiServer(client)];
  const { systemNamespace } = options;
  const deployment = await readDeployment(client, systemNamespace);
  const install = installCommand({ program, systemNamespace, deployment });
  if (options.fromOpenkruise) {
    const { checkMigration } = await import("./from_openkruise.ts");
    const openKruiseNamespace = openKruiseNamespaceOf({ deployment });
    const place = { now: connection.now(), openKruiseNamespace, install };
    checks.push(...await checkMigration(client, place));
    return await report(checks, { output: options.output, terminal });
  }
  const crd = await checkCrd(client, install);
  checks.push(crd);
  // All other checks need the CustomResourceDefinition.
  if (crd.status !== "error") {
    const facts = await readFacts(client, { ...options, now: connection.now(), program });
    checks.push(
      ...checkRegistration(facts),
      ...checkPolicy(facts),
      ...checkCertificates(facts),
      ...await checkController(facts, terminal),
      await checkValidation(facts),
      ...await checkInjection(facts),
      await checkOwnRights(facts),
      await checkControllerRights(facts),
      await checkOpenKruise(facts),
      ...checkSidecarSets(facts),
      checkEndless(facts),
      await checkRefusals(facts),
    );
  }
  return await report(checks, { output: options.output, terminal });
}

/** @returns 0 without errors, 1 with errors. */
async function report(
  checks: readonly Check[],
  { output, terminal }: { output: DoctorOptions["output"]; terminal: Terminal },
): Promise<number> {
  if (output === "text") {
    terminal.write(checks.map((check) => checkText(check, terminal)).join(""));
    terminal.error(`${summary(checks)}\n`);
  } else await printData({ checks }, { format: output, terminal });
  return checks.some(({ status }) => status === "error") ? 1 : 0;
}

const COLORS: Readonly<Record<Check["status"], Color>> = {
  ok: "green",
  warning: "yellow",
  error: "red",
  skipped: "cyan",
};

function checkText(check: Check, terminal: Terminal): string {
  const { name, status, message, remedy, commands = [] } = check;
  const lines = [
    `${painted(status.padEnd(7), { color: COLORS[status], terminal })}  ${name}`,
    ...wrapped(message, 9),
    ...(remedy === undefined ? [] : wrapped(`Remedy: ${adviceOf(check)}`, 9)),
    // A wrapped command cannot be pasted.
    ...commands.map((command) => `           ${inOneLine(command)}`),
  ];
  return `${lines.join("\n")}\n`;
}

function summary(checks: readonly Check[]): string {
  const count = (status: Check["status"]) =>
    checks.filter((check) => check.status === status).length;
  return `${counted(checks.length, "check")}: ${count("ok")} ok, ` +
    `${counted(count("warning"), "warning")}, ${counted(count("error"), "error")}, ` +
    `${count("skipped")} skipped`;
}

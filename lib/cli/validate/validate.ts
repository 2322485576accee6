import { caveatFindings } from "./caveats.ts";
import { clusterOfFiles } from "../files/cluster.ts";
import { readDocuments, type ReadOptions } from "../files/documents.ts";
import { type Finding, findingText } from "../files/findings.ts";
import { manifestsOf } from "../files/manifests.ts";
import { counted, painted, printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface ValidateOptions extends ReadOptions {
  readonly filename: readonly string[];
  readonly output: "text" | "json" | "yaml";
}

/**
 * Prints everything that is wrong with the SidecarSets of files, and what to know of them in the files' Pods and workloads.
 *
 * @returns 0 without errors, 1 with some.
 * @throws {CliError} when a file cannot be read.
 */
export async function validateCommand(
  { filename, output, recursive }: ValidateOptions,
  terminal: Terminal,
): Promise<number> {
  const manifests = manifestsOf(await readDocuments(filename, terminal, { recursive }));
  const cluster = clusterOfFiles(manifests);
  const { sidecarSetCount } = cluster;
  const findings = [
    ...cluster.findings,
    ...caveatFindings(manifests, { cluster, now: terminal.now() }),
  ];
  const errors = findings.filter(({ severity }) => severity === "error").length;
  if (output === "text") {
    for (const finding of findings) terminal.write(`${coloredText(finding, terminal)}\n`);
    const warnings = findings.length - errors;
    terminal.error(
      `${counted(sidecarSetCount, "SidecarSet")} checked: ${counted(errors, "error")}, ` +
        `${counted(warnings, "warning")}\n`,
    );
  } else {
    await printData({ checked: sidecarSetCount, findings }, { format: output, terminal });
  }
  return errors > 0 ? 1 : 0;
}

function coloredText(finding: Finding, terminal: Terminal): string {
  const { severity } = finding;
  const color = severity === "error" ? "red" : "yellow";
  return findingText(finding).replace(
    `: ${severity}: `,
    `: ${painted(severity, { color, terminal })}: `,
  );
}

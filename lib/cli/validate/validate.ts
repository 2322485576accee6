import { inOneLine } from "../../core/printable.ts";
import type { Obstacle } from "../../core/reasons.ts";
import type { KnownCluster } from "../cluster/known_cluster.ts";
import { clusterOfFiles } from "../files/cluster.ts";
import { readDocuments, type ReadOptions } from "../files/documents.ts";
import { type Finding, findingOf, findingText } from "../files/findings.ts";
import { type Manifest, manifestsOf } from "../files/manifests.ts";
import { obstaclesToPolicy } from "../sidecarsets/mechanism.ts";
import { outcomeOf } from "../pods/outcome.ts";
import { podSubjectOf } from "../pods/targets.ts";
import { counted, type DataFormat, painted, printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface ValidateOptions extends ReadOptions {
  readonly filename: readonly string[];
  readonly output: "text" | DataFormat;
}

/**
 * Prints all findings about the SidecarSets of files, alone and in the files' Pods and workloads.
 *
 * @returns 0 without errors, 1 with errors.
 * @throws {CliError} if a file cannot be read.
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
  const policies = cluster.sidecarSets.map((prepared) => ({
    sidecarSet: prepared.name,
    obstacles: obstaclesToPolicy(prepared, cluster),
  }));
  const errors = findings.filter(({ severity }) => severity === "error").length;
  if (output === "text") {
    for (const finding of findings) terminal.write(`${coloredText(finding, terminal)}\n`);
    const warnings = findings.length - errors;
    terminal.error(
      `${counted(sidecarSetCount, "SidecarSet")} checked: ${counted(errors, "error")}, ` +
        `${counted(warnings, "warning")}\n${policyText(policies)}`,
    );
  } else {
    await printData({ checked: sidecarSetCount, findings, policies }, { format: output, terminal });
  }
  return errors > 0 ? 1 : 0;
}

/** Whether the API server can inject each valid SidecarSet by itself, or why not. */
function policyText(
  policies: readonly { sidecarSet: string; obstacles: readonly Obstacle[] }[],
): string {
  const lines = policies.map(({ sidecarSet, obstacles }) =>
    obstacles.length === 0
      ? `SidecarSet ${sidecarSet} can have the mechanism Policy`
      : `SidecarSet ${sidecarSet} needs the mechanism Webhook: ${
        obstacles.map(({ message }) => message).join("; ")
      }`
  );
  return lines.map((line) => `${inOneLine(line)}\n`).join("");
}

function coloredText(finding: Finding, terminal: Terminal): string {
  const { severity } = finding;
  const color = severity === "error" ? "red" : "yellow";
  return findingText(finding).replace(
    `: ${severity}: `,
    `: ${painted(severity, { color, terminal })}: `,
  );
}

/**
 * Warnings about SidecarSets in the Pods and workloads of the files, such as a Job that cannot complete before a
 * sidecar terminates. Does not check whether the API server accepts those Pods.
 */
function caveatFindings(
  manifests: readonly Manifest[],
  { cluster, now }: { cluster: KnownCluster; now: Date },
): Finding[] {
  return manifests.flatMap((manifest) => {
    const { object, apiVersion, kind } = manifest;
    const subject = podSubjectOf({ ...object, apiVersion, kind });
    if (subject === undefined) return [];
    const { injection } = outcomeOf(subject, { cluster, excludedNamespaces: [], now });
    return (injection.caveats ?? []).map(({ sidecarSet, message }) =>
      findingOf(manifest, {
        severity: "warning",
        field: "",
        reason: "FieldValueInvalid",
        message: `with SidecarSet ${sidecarSet}: ${message}`,
      })
    );
  });
}

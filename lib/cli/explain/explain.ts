import type { ClusterOptions } from "../cluster/connection.ts";
import type { ExclusionOptions, MaybeLive } from "../cluster/known_cluster.ts";
import { clusterWithFiles, readValidFiles } from "../files/cluster.ts";
import type { ReadOptions } from "../files/documents.ts";
import { podTargetsOf } from "../pods/targets.ts";
import { type DataFormat, printData } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import { explain } from "./explanation.ts";
import { explanationText } from "./text.ts";

/** Options of {@linkcode explainCommand}. */
export interface ExplainOptions extends ClusterOptions, ExclusionOptions, ReadOptions {
  /** Objects of the cluster: `pod/NAME`, `deploy NAME`, `pods`. */
  readonly objects: readonly string[];
  readonly allNamespaces?: boolean;
  /** Label selector for objects of the cluster. */
  readonly selector?: string;
  readonly filename: readonly string[];
  readonly output: "text" | DataFormat;
  /** Namespace of objects without one. */
  readonly namespace?: string;
}

/**
 * Prints what SidecarSets do, or did, to Pods, and why. SidecarSets in files replace those of the cluster.
 *
 * @returns 0; 1 if a Pod is refused, or would be; 2 if a SidecarSet is invalid.
 * @throws {CliError} if a file cannot be read, or no Pod is given.
 */
export async function explainCommand(
  options: ExplainOptions,
  { terminal, connection }: MaybeLive,
): Promise<number> {
  const files = await readValidFiles(options, terminal);
  if (files === undefined) return 2;
  const namespace = options.namespace ?? connection?.namespace ?? "default";
  const targets = podTargetsOf(files.manifests, namespace);
  if (targets.length + options.objects.length === 0) {
    throw new CliError(
      "Cannot explain: no Pods given; name a Pod or workload of the cluster (pod/NAME), or files with some (-f)",
    );
  }
  const { cluster, excludedNamespaces, knowsSidecarSets, missingRights } = await clusterWithFiles(
    files.cluster,
    {
      options,
      namespaces: [namespace, ...targets.map(({ pod }) => pod.metadata.namespace ?? "")],
      connection,
    },
  );
  const { program } = terminal;
  const facts = { cluster, excludedNamespaces, now: terminal.now(), program };
  let explanations = targets.map((target) => ({
    ...explain(target, facts),
    ...(knowsSidecarSets ? {} : { incomplete: true }),
  }));
  if (connection && options.objects.length > 0) {
    const { explainObjects } = await import("./objects.ts");
    const live = await explainObjects(options.objects, {
      ...facts,
      knowsSidecarSets,
      client: connection.client,
      namespace: options.allNamespaces ? undefined : namespace,
      ...(options.selector === undefined ? {} : { selector: options.selector }),
    });
    explanations = [...explanations, ...live];
  }
  if (options.output === "text") {
    const texts = explanations.map((each) => explanationText(each, terminal));
    terminal.write(texts.join("\n"));
    if (missingRights.length > 0) {
      const { missingRightsText } = await import("../cluster/missing_rights.ts");
      terminal.error(missingRightsText(missingRights));
    }
  } else {
    const data = {
      pods: explanations,
      ...(missingRights.length === 0 ? {} : { missingRights }),
    };
    await printData(data, { format: options.output, terminal });
  }
  return explanations.some(({ refused, refusal }) => refused || refusal !== undefined) ? 1 : 0;
}

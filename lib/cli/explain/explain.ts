import type { ClusterOptions } from "../cluster/connection.ts";
import type { ExclusionOptions, MaybeLive } from "../cluster/known_cluster.ts";
import type { MissingRight } from "../cluster/missing_rights.ts";
import { clusterWithFiles, readValidFiles } from "../files/cluster.ts";
import type { ReadOptions } from "../files/documents.ts";
import { podTargetsOf } from "../pods/targets.ts";
import { type DataFormat, printData } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import { explain, type PodExplanation } from "./explanation.ts";
import { explanationText } from "./text.ts";

/** Flags of `sidecarset explain`, as the command line gives them. */
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

/** What SidecarSets do, or did, to Pods. */
interface Explained {
  readonly explanations: readonly PodExplanation[];
  /** Rights without which it is incomplete. */
  readonly missingRights: readonly MissingRight[];
}

/**
 * Prints what SidecarSets do, or did, to Pods, and why. SidecarSets in files replace those of the cluster.
 *
 * @returns 0; 1 if a Pod is refused, or would be; 2 if a SidecarSet is invalid.
 * @throws {CliError} if a file cannot be read, or no Pod is given.
 */
export async function explainCommand(options: ExplainOptions, live: MaybeLive): Promise<number> {
  const explained = await readExplanations(options, live);
  if (explained === undefined) return 2;
  const { explanations, missingRights } = explained;
  const { terminal } = live;
  if (options.output === "text") {
    terminal.write(explanations.map((each) => explanationText(each, terminal)).join("\n"));
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

/**
 * Explains Pods and workloads of files and of the cluster.
 *
 * @returns undefined if a SidecarSet is invalid; it is reported on the terminal.
 * @throws {CliError} if a file cannot be read, or no Pod is given.
 */
export async function readExplanations(
  options: Omit<ExplainOptions, "output">,
  { terminal, connection }: MaybeLive,
): Promise<Explained | undefined> {
  const files = await readValidFiles(options, terminal);
  if (files === undefined) return undefined;
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
  return { explanations, missingRights };
}

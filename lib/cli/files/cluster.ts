import type { ControllerRevision } from "../../api/objects.ts";
import { isObject } from "../../api/json.ts";
import { objectMeta } from "../../api/meta.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY, NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import { readAs } from "../../api/read.ts";
import type { NamespaceFacts } from "../../core/prepared.ts";
import type { Connection } from "../cluster/connection.ts";
import {
  excludedNamespacesOf,
  type ExclusionOptions,
  type KnownCluster,
  overlaid,
} from "../cluster/known_cluster.ts";
import type { MissingRight } from "../cluster/missing_rights.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type ManifestDocument, readDocuments, type ReadOptions } from "./documents.ts";
import { type Finding, findingText } from "./findings.ts";
import { type Manifest, manifestsOf } from "./manifests.ts";
import { type CheckedSidecarSets, checkSidecarSets } from "./sidecarsets.ts";

/** The state of a cluster as the files describe it. */
interface FileCluster extends KnownCluster {
  /** Findings about the SidecarSets; those with errors are not in `sidecarSets`. */
  readonly findings: readonly Finding[];
  /** Number of SidecarSets in the files. */
  readonly sidecarSetCount: number;
}

/** The content of files whose SidecarSets are valid. */
interface ValidFiles {
  readonly documents: readonly ManifestDocument[];
  readonly manifests: readonly Manifest[];
  readonly cluster: FileCluster;
}

/**
 * Reads the files that `inject` and `explain` work on, and prints the errors of their SidecarSets.
 *
 * @returns undefined if a SidecarSet is invalid; the command then exits with status 2.
 * @throws {CliError} if a file cannot be read.
 */
export async function readValidFiles(
  { filename, ...options }: ReadOptions & { readonly filename: readonly string[] },
  terminal: Terminal,
): Promise<ValidFiles | undefined> {
  const documents = await readDocuments(filename, terminal, options);
  const manifests = manifestsOf(documents);
  const cluster = clusterOfFiles(manifests);
  const errors = cluster.findings.filter(({ severity }) => severity === "error");
  for (const error of errors) terminal.error(`${findingText(error)}\n`);
  return errors.length > 0 ? undefined : { documents, manifests, cluster };
}

/** The cluster of files, and what is unknown of the live cluster. */
interface ClusterWithFiles {
  readonly cluster: KnownCluster;
  readonly excludedNamespaces: readonly string[];
  /** Whether all SidecarSets of the live cluster are known. */
  readonly knowsSidecarSets: boolean;
  readonly missingRights: readonly MissingRight[];
}

/** The cluster of files; with a connection, laid over the live cluster. */
export async function clusterWithFiles(
  files: KnownCluster,
  { options, namespaces, connection }: {
    options: ExclusionOptions;
    /** Namespaces of the Pods. */
    namespaces: readonly string[];
    connection: Connection | undefined;
  },
): Promise<ClusterWithFiles> {
  if (connection === undefined) {
    return {
      cluster: files,
      excludedNamespaces: excludedNamespacesOf(options, []),
      knowsSidecarSets: true,
      missingRights: [],
    };
  }
  const { readVisibleCluster } = await import("../cluster/visible_cluster.ts");
  const { systemNamespace } = options;
  const live = await readVisibleCluster(connection.client, { systemNamespace, namespaces });
  const excludedNamespaces = excludedNamespacesOf(options, live.excludedNamespaces);
  const { knowsSidecarSets, missingRights } = live;
  const cluster = { ...overlaid(live, files), excludedNamespaces };
  return { cluster, excludedNamespaces, knowsSidecarSets, missingRights };
}

/** Collects SidecarSets, Namespaces, ControllerRevisions and the allow-list from files. */
export function clusterOfFiles(manifests: readonly Manifest[]): FileCluster {
  const revisions = manifests.flatMap(revisionOf);
  const checked: CheckedSidecarSets = checkSidecarSets(manifests, {
    revisions,
    allowList: allowListOf(manifests),
  });
  const namespaces = manifests.flatMap(namespaceFactsOf);
  return {
    ...checked,
    revisions,
    namespaces: new Map(namespaces.map((namespace) => [namespace.name, namespace])),
  };
}

function namespaceFactsOf({ apiVersion, kind, name, object }: Manifest): NamespaceFacts[] {
  if (apiVersion !== "v1" || kind !== "Namespace") return [];
  const read = readAs(objectMeta, object.metadata);
  const labels = read.ok ? read.value.labels : undefined;
  return [{ name, labels: { ...labels, [NAMESPACE_NAME_LABEL]: name } }];
}

function revisionOf({ apiVersion, kind, object }: Manifest): ControllerRevision[] {
  if (apiVersion !== "apps/v1" || kind !== "ControllerRevision") return [];
  return isRevision(object) ? [object] : [];
}

function isRevision(object: object): object is ControllerRevision {
  return "metadata" in object && readAs(objectMeta, object.metadata).ok &&
    "revision" in object && Number.isInteger(object.revision) &&
    "data" in object && isObject(object.data);
}

function allowListOf(manifests: readonly Manifest[]): string | undefined {
  const found = manifests.find(({ kind, name }) =>
    kind === "ConfigMap" && name === ALLOW_LIST_CONFIG_MAP
  );
  const data = found?.object.data;
  const text = isObject(data) ? data[ALLOW_LIST_KEY] : undefined;
  return typeof text === "string" ? text : undefined;
}

import type { ControllerRevision } from "../../api/controller_revision.ts";
import { isObject } from "../../api/json.ts";
import { objectMeta } from "../../api/meta.ts";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY, NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import { readAs } from "../../api/read.ts";
import type { NamespaceFacts } from "../../core/prepared.ts";
import type { KnownCluster } from "../cluster/known_cluster.ts";
import type { Finding } from "./findings.ts";
import type { Manifest } from "./manifests.ts";
import { type CheckedSidecarSets, checkSidecarSets } from "./sidecarsets.ts";

/** A cluster of which the files are all that is known. */
export interface FileCluster extends KnownCluster {
  /** What is wrong with the SidecarSets of the files; those with errors are not among `sidecarSets`. */
  readonly findings: readonly Finding[];
  /** How many SidecarSets the files have. */
  readonly sidecarSetCount: number;
}

/** Takes SidecarSets, Namespaces, ControllerRevisions and the allow-list from files. */
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

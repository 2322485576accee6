import { isObject } from "../../api/json.ts";
import { INSTALLATION } from "../../api/names.ts";
import type { KubeObject } from "../../api/objects.ts";
import type { NamespaceFacts } from "../../core/prepared.ts";
import { isExcluded, podExclusions } from "../../core/registration/exclusions.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import type { KnownCluster } from "./known_cluster.ts";
import { namespaceFacts, preparedOf, readRevisions } from "./live_cluster.ts";
import { type MissingRight, TolerantReader } from "./missing_rights.ts";
import { readAll, readIfPresent } from "./reading.ts";

/** What a user can read of a live cluster. */
export interface VisibleCluster extends KnownCluster {
  readonly excludedNamespaces: readonly string[];
  /** Whether this user may list SidecarSets. */
  readonly knowsSidecarSets: boolean;
  readonly missingRights: readonly MissingRight[];
}

/**
 * Reads what this user may read of SidecarSets, namespaces, revisions and the registration. Namespaces are read one by
 * one if this user may not list them.
 *
 * @param options `namespaces` are those of the Pods
 */
export async function readVisibleCluster(
  client: RestClient,
  { systemNamespace, namespaces }: { systemNamespace: string; namespaces: readonly string[] },
): Promise<VisibleCluster> {
  const reader = new TolerantReader();
  const objects = await reader.read(readAll(client, resources.sidecarSets), resources.sidecarSets, {
    verb: "list",
    hides: "which SidecarSets select a Pod, and their revisions (ClusterRole sidecarset-view)",
  });
  const [known, revisions, registration] = await Promise.all([
    readNamespaces(client, { reader, names: namespaces }),
    reader.read(readRevisions(client, systemNamespace), resources.controllerRevisions, {
      verb: "list",
      namespace: systemNamespace,
      hides: "the revisions that SidecarSets pin new Pods to",
    }),
    reader.read(
      readIfPresent(client, resources.mutatingWebhookConfigurations, { name: INSTALLATION }),
      resources.mutatingWebhookConfigurations,
      {
        verb: "get",
        name: INSTALLATION,
        hides: "which other namespaces are never injected (ClusterRole sidecarset-view)",
      },
    ),
  ]);
  const exclusions = podExclusions(registration);
  return {
    sidecarSets: (objects ?? []).map((object) => preparedOf(object, revisions ?? [])),
    namespaces: new Map(known.map((facts) => [facts.name, facts])),
    revisions: revisions ?? [],
    excludedNamespaces: known
      .filter(({ labels }) => isExcluded(labels, exclusions))
      .map(({ name }) => name),
    knowsSidecarSets: objects !== undefined,
    missingRights: reader.missing.filter(({ resource }) =>
      !resource.startsWith("controllerrevisions") || (objects ?? []).some(pinsRevision)
    ),
  };
}

function pinsRevision({ spec }: KubeObject & { readonly spec?: unknown }): boolean {
  return isObject(spec) && isObject(spec.injectionStrategy) &&
    isObject(spec.injectionStrategy.revision);
}

async function readNamespaces(
  client: RestClient,
  { reader, names }: { reader: TolerantReader; names: readonly string[] },
): Promise<NamespaceFacts[]> {
  const all = await ifAllowed(readAll(client, resources.namespaces));
  if (all !== undefined) return all.map(namespaceFacts);
  const found = await Promise.all(
    [...new Set(names)].map((name) =>
      reader.read(readIfPresent(client, resources.namespaces, { name }), resources.namespaces, {
        verb: "get",
        name,
        hides: "the labels of this namespace, which a namespaceSelector matches",
      })
    ),
  );
  return found.flatMap((each) => each === undefined ? [] : [namespaceFacts(each)]);
}

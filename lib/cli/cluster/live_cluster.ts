import type { ControllerRevision, KubeObject } from "../../api/objects.ts";
import {
  ALLOW_LIST_CONFIG_MAP,
  ALLOW_LIST_KEY,
  INSTALLATION,
  NAMESPACE_NAME_LABEL,
  REVISION_OWNER_LABEL,
} from "../../api/names.ts";
import type { Namespace } from "../../api/pod.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../core/prepared.ts";
import { isExcluded, podExclusions } from "../../core/registration/exclusions.ts";
import { withRevisions } from "../../core/revision/comparisons.ts";
import { labelTimes, laterLabelFields } from "../../core/select/label_times.ts";
import { validateStoredSidecarSet } from "../../core/validate/validate.ts";
import type { RestClient } from "../../kube/contract.ts";
import { servesCoreResource } from "../../kube/discovery.ts";
import { ifAllowed, orUndefined } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { toPrepared } from "../../core/defaults/prepare.ts";
import type { KnownCluster } from "./known_cluster.ts";
import { readAll, readIfPresent } from "./reading.ts";

/** The state of a live cluster, without its Pods. */
export interface LiveCluster extends KnownCluster {
  /** Content of the allow-list for annotations, if it exists. */
  readonly allowList: string | undefined;
  /** Namespaces that the webhook registration excludes; empty if this user may not read it. */
  readonly excludedNamespaces: readonly string[];
}

/** The namespace of the registered webhook's Service; undefined if there is none, or this user may not read it. */
export async function registeredNamespace(client: RestClient): Promise<string | undefined> {
  const ref = { name: INSTALLATION };
  const found = await ifAllowed(
    readIfPresent(client, resources.mutatingWebhookConfigurations, ref),
  );
  const services = (found?.webhooks ?? []).flatMap(({ clientConfig }) =>
    clientConfig.service ?? []
  );
  return services[0]?.namespace;
}

/**
 * Reads SidecarSets, namespaces, revisions and the allow-list. Without permission to read the
 * controller's namespace, revisions and the allow-list stay empty.
 *
 * @param systemNamespace Namespace of the controller.
 * @param only The only namespace to read, for a user with rights in it alone. @default all
 */
export async function readLiveCluster(
  client: RestClient,
  systemNamespace: string,
  only?: string,
): Promise<LiveCluster> {
  const [objects, namespaces, revisions = [], hasResize, allowList, registration] = await Promise
    .all([
      readAll(client, resources.sidecarSets),
      readNamespaces(client, only),
      ifAllowed(readRevisions(client, systemNamespace)),
      ifAllowed(resizeSupport(client)),
      ifAllowed(
        readIfPresent(client, resources.configMaps, {
          namespace: systemNamespace,
          name: ALLOW_LIST_CONFIG_MAP,
        }),
      ),
      ifAllowed(
        readIfPresent(client, resources.mutatingWebhookConfigurations, { name: INSTALLATION }),
      ),
    ]);
  const exclusions = podExclusions(registration);
  const known = namespaces.map(namespaceFacts);
  return {
    sidecarSets: objects.map((object) => preparedOf(object, revisions, hasResize)),
    namespaces: new Map(known.map((facts) => [facts.name, facts])),
    revisions,
    ...(hasResize === undefined ? {} : { hasResize }),
    allowList: allowList?.data?.[ALLOW_LIST_KEY],
    excludedNamespaces: known
      .filter(({ labels }) => isExcluded(labels, exclusions))
      .map(({ name }) => name),
  };
}

async function readNamespaces(client: RestClient, only?: string): Promise<Namespace[]> {
  if (only === undefined) return await readAll(client, resources.namespaces);
  const found = await readIfPresent(client, resources.namespaces, { name: only });
  return found === undefined ? [] : [found];
}

/** Undefined behind a proxy that serves no discovery. */
function resizeSupport(client: RestClient): Promise<boolean | undefined> {
  return orUndefined(servesCoreResource(client, "pods/resize"));
}

/** The revisions of all SidecarSets. Rejects with the API server's error. */
export function readRevisions(
  client: RestClient,
  namespace: string,
): Promise<ControllerRevision[]> {
  const selection = { namespace, labelSelector: REVISION_OWNER_LABEL };
  return readAll(client, resources.controllerRevisions, selection);
}

/** Prepares a stored SidecarSet with its validation problems and its current revision. */
export function preparedOf(
  object: KubeObject,
  revisions: readonly ControllerRevision[],
  hasResize?: boolean,
): PreparedSidecarSet {
  const prepared = toPrepared(object, validateStoredSidecarSet);
  return withRevisions(prepared, { stored: revisions, hasResize });
}

/** The facts of a stored namespace that decide about injection. */
export function namespaceFacts({ metadata }: Namespace): NamespaceFacts {
  const { name = "", labels = {} } = metadata;
  return {
    name,
    labels: { ...labels, [NAMESPACE_NAME_LABEL]: name },
    labelTimes: labelTimes(laterLabelFields(metadata)),
  };
}

import type { Labels } from "../api/meta.ts";
import type { KubeObject } from "../api/objects.ts";
import type { Namespace, Pod } from "../api/pod.ts";
import { surplusOf, type SurplusScope } from "../core/cleanup/surplus.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { orUndefined } from "../kube/errors.ts";
import { get } from "../kube/requests.ts";
import { type Resource, resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";

export interface ConfirmationOptions {
  readonly index: ClusterIndex;
  /** As the API server has it now; undefined where there is none. Both may reject with what it answers. */
  readSidecarSet(
    name: string,
    signal: AbortSignal,
  ): Promise<Pick<KubeObject, "metadata"> | undefined>;
  readNamespace(name: string, signal: AbortSignal): Promise<Namespace | undefined>;
}

/** How many namespaces are read at one time; Pods of others have to wait for the next. */
const MOST_READ = 50;

/**
 * Asks the API server itself before running Pods are disturbed because they are not selected, or selected and not injected: the watch of
 * SidecarSets or of namespaces may be behind that of Pods, whose webhook knew better.
 */
export class Confirmation {
  readonly #options: ConfirmationOptions;

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  /** Those of the Pods, all with surplus sidecars, of which that is certain; of a SidecarSet that is gone it is. */
  async surplus(pods: readonly Pod[], scope: SurplusScope, signal: AbortSignal): Promise<Pod[]> {
    const { current, sidecarSet: name } = scope;
    if (pods.length === 0 || current === undefined) return [...pods];
    if (!await this.isCurrent({ name, known: current }, signal)) return [];
    if (current.sidecarSet.spec.namespaceSelector === undefined) return [...pods];
    const { unselected = [], others = [] } = Object.groupBy(
      pods,
      (pod) => surplusOf(pod, scope)?.cause === "NotSelected" ? "unselected" : "others",
    );
    return [...others, ...await this.inCurrentNamespaces(unselected, signal)];
  }

  /** Whether the SidecarSet of the name is the known state of it; undefined is that there is none. */
  async isCurrent(
    { name, known }: { name: string; known: PreparedSidecarSet | undefined },
    signal: AbortSignal,
  ): Promise<boolean> {
    const stored = await this.#options.readSidecarSet(name, signal);
    const { uid, generation } = known?.sidecarSet.metadata ?? {};
    return stored?.metadata.uid === uid && stored?.metadata.generation === generation;
  }

  /** Those of the Pods whose namespaces have the labels that are known of them. */
  async inCurrentNamespaces(pods: readonly Pod[], signal: AbortSignal): Promise<Pod[]> {
    const current = new Map<string, boolean>();
    for (const { metadata: { namespace = "" } } of pods) {
      if (current.has(namespace) || current.size >= MOST_READ) continue;
      current.set(namespace, await this.#isNamespaceCurrent(namespace, signal));
    }
    return pods.filter(({ metadata: { namespace = "" } }) => current.get(namespace) === true);
  }

  async #isNamespaceCurrent(name: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#options.index.namespaces.get(name);
    const stored = await this.#options.readNamespace(name, signal);
    return known !== undefined && stored !== undefined &&
      sameLabels(known.labels, stored.metadata.labels ?? {});
  }
}

function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export interface ConfirmationSources {
  readonly client: RestClient;
  readonly index: ClusterIndex;
}

/** Reads what the watches may not have brought yet. */
export function createConfirmation({ client, index }: ConfirmationSources): Confirmation {
  return new Confirmation({
    index,
    readSidecarSet: reader(client, resources.sidecarSets),
    readNamespace: reader(client, resources.namespaces),
  });
}

function reader<T extends KubeObject>(client: RestClient, resource: Resource<T>) {
  return (name: string, signal: AbortSignal): Promise<T | undefined> =>
    orUndefined(send(client, get(resource, { name }), signal));
}

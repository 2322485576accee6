import type { KubeObject } from "../api/objects.ts";
import type { Namespace } from "../api/pod.ts";
import type { ObservedPod } from "../core/observed_pod.ts";
import { sameLabels } from "../core/select/label_selector.ts";
import { surplusOf, type SurplusScope } from "../core/cleanup/surplus.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { orUndefined } from "../kube/errors.ts";
import { get } from "../kube/requests.ts";
import { type Resource, resources } from "../kube/resources.ts";
import { send } from "../kube/response.ts";

interface ConfirmationOptions {
  readonly index: ClusterIndex;
  /** As the API server has it now; undefined where there is none. Both may reject with what it answers. */
  readSidecarSet(
    name: string,
    signal: AbortSignal,
  ): Promise<Pick<KubeObject, "metadata"> | undefined>;
  readNamespace(name: string, signal: AbortSignal): Promise<Namespace | undefined>;
}

/** Namespaces read at once; Pods of further ones wait for the next reconciliation. */
const MAX_NAMESPACE_READS = 50;

/**
 * Asks the API server before running Pods are changed or evicted because of their selection: the watches of SidecarSets
 * and of namespaces can lag behind the watch of Pods.
 */
export class Confirmation {
  readonly #options: ConfirmationOptions;

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  /**
   * @param pods with surplus sidecars
   * @returns those whose surplus the API server confirms; all of them if the SidecarSet is deleted
   */
  async surplus(
    pods: readonly ObservedPod[],
    scope: SurplusScope,
    signal: AbortSignal,
  ): Promise<ObservedPod[]> {
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

  /** Whether the API server has the known state of a SidecarSet; undefined stands for a deleted one. */
  async isCurrent(
    { name, known }: { name: string; known: PreparedSidecarSet | undefined },
    signal: AbortSignal,
  ): Promise<boolean> {
    const stored = await this.#options.readSidecarSet(name, signal);
    const { uid, generation } = known?.sidecarSet.metadata ?? {};
    return stored?.metadata.uid === uid && stored?.metadata.generation === generation;
  }

  /** @returns the Pods whose namespaces have the known labels */
  async inCurrentNamespaces(
    pods: readonly ObservedPod[],
    signal: AbortSignal,
  ): Promise<ObservedPod[]> {
    const current = new Map<string, boolean>();
    for (const { metadata: { namespace = "" } } of pods) {
      if (current.has(namespace) || current.size >= MAX_NAMESPACE_READS) continue;
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

/** Where a confirmation reads. */
interface ConfirmationSources {
  readonly client: RestClient;
  readonly index: ClusterIndex;
}

/** A confirmation that reads from the API server. */
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

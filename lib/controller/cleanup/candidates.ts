import type { ObservedPod } from "../../core/observed_pod.ts";
import { needsCleanup } from "../../core/cleanup/plan.ts";
import { actionOf } from "../../core/cleanup/record.ts";
import type { SurplusScope } from "../../core/cleanup/surplus.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { selectsPod } from "../../core/select/pod_selection.ts";
import type { ClusterIndex } from "../../index/cluster.ts";

interface Tracked {
  /** Of the SidecarSet that the Pods were checked against. */
  readonly version: string;
  readonly keys: Set<string>;
}

/**
 * Pods with sidecars to be cleaned up. While a SidecarSet exists these are few: a Pod event updates them in O(1), and
 * all Pods are checked only after a change of the SidecarSet.
 */
export class CleanupCandidates {
  readonly #index: ClusterIndex;
  readonly #tracked = new Map<string, Tracked>();

  constructor(index: ClusterIndex) {
    this.#index = index;
  }

  /** Keys of the candidates; if the SidecarSet is deleted, of all Pods that name it. */
  of(name: string): ReadonlySet<string> {
    const { sidecarSets, injected } = this.#index;
    const current = sidecarSets.get(name);
    if (current === undefined) {
      this.#tracked.delete(name);
      return injected.of(name);
    }
    const { keys } = this.#track(current);
    for (const key of keys) if (!injected.of(name).has(key)) keys.delete(key);
    return keys;
  }

  /** @returns the SidecarSets for which the Pod is, or was, a candidate */
  observePod(key: string): string[] {
    const { pods, injected, sidecarSets } = this.#index;
    const pod = pods.get(key);
    if (pod === undefined) return [];
    return injected.valuesOf(pod).filter((name) => {
      const current = sidecarSets.get(name);
      if (current === undefined) return true;
      const isCandidate = this.#isCandidate(pod, current);
      const keys = this.#tracked.get(name)?.keys;
      const wasCandidate = keys?.has(key) ?? false;
      if (isCandidate) keys?.add(key);
      else keys?.delete(key);
      return isCandidate || wasCandidate;
    });
  }

  /** Checks the Pods of a namespace again after a change of its labels. */
  observeNamespace(namespace: string): Set<string> {
    const names = new Set<string>();
    for (const key of this.#index.pods.keysIn(namespace)) {
      for (const name of this.observePod(key)) names.add(name);
    }
    return names;
  }

  /** What decides whether sidecars of a SidecarSet are surplus. */
  scopeOf(name: string): SurplusScope {
    const { sidecarSets, cleanupRecords } = this.#index;
    const current = sidecarSets.get(name);
    const [latest] = cleanupRecords.of(name);
    return {
      sidecarSet: name,
      current,
      selects: (pod) => current !== undefined && this.#selects(current, pod),
      knownSidecars: latest?.record.sidecars ?? [],
    };
  }

  #track(current: PreparedSidecarSet): Tracked {
    const { name, sidecarSet: { metadata: { uid, generation } }, problems } = current;
    const version = `${uid}/${generation}/${problems.length}`;
    const known = this.#tracked.get(name);
    if (known?.version === version) return known;
    const { injected, pods } = this.#index;
    const keys = [...injected.of(name)].filter((key) => {
      const pod = pods.get(key);
      return pod !== undefined && this.#isCandidate(pod, current);
    });
    const tracked = { version, keys: new Set(keys) };
    this.#tracked.set(name, tracked);
    return tracked;
  }

  #isCandidate(pod: ObservedPod, { name, sidecarSet }: PreparedSidecarSet): boolean {
    const action = actionOf(sidecarSet.spec.cleanupPolicy);
    return needsCleanup(pod, { scope: this.scopeOf(name), action });
  }

  /** Pods of a namespace that has not been seen keep their sidecars. */
  #selects({ sidecarSet }: PreparedSidecarSet, { metadata }: ObservedPod): boolean {
    const namespace = this.#index.namespaces.get(metadata.namespace ?? "");
    if (namespace === undefined) return true;
    return selectsPod(sidecarSet.spec, { labels: metadata.labels ?? {}, namespace });
  }
}

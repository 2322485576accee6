import type { ObservedPod } from "../../core/observed_pod.ts";
import { needsCleanup } from "../../core/cleanup/plan.ts";
import { actionOf } from "../../core/cleanup/record.ts";
import type { SurplusScope } from "../../core/cleanup/surplus.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { selectsPod } from "../../core/select/pod_selection.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import type { ClusterIndex } from "../../index/cluster.ts";

const NO_KEYS: ReadonlySet<string> = new Set();

interface Tracked {
  /** Of the SidecarSet that the Pods were checked against. */
  readonly version: string;
  readonly keys: Set<string>;
  isComplete: boolean;
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

  /** Whether all Pods are checked against the current state of a SidecarSet. */
  isTracked(current: PreparedSidecarSet): boolean {
    const known = this.#tracked.get(current.name);
    return known?.isComplete === true && known.version === versionOf(current);
  }

  /** Whether Pods of a SidecarSet are still to be checked against its current state. */
  isUnknown(name: string): boolean {
    const current = this.#index.sidecarSets.get(name);
    return current !== undefined && !this.isTracked(current) &&
      this.#index.injected.of(name).size > 0;
  }

  /** With the policy Retain there is nothing to do as long as the SidecarSet exists and no Pod has idle sidecars. */
  areNeeded(name: string): boolean {
    const { sidecarSets, cleanupRecords } = this.#index;
    const current = sidecarSets.get(name);
    return current === undefined ||
      actionOf(current.sidecarSet.spec.cleanupPolicy).type !== "Retain" ||
      cleanupRecords.has(name) || this.of(name).size > 0;
  }

  /** Checks all Pods of a changed SidecarSet; those that change between two steps are checked by their events. */
  *track(current: PreparedSidecarSet): Steps<void> {
    if (this.isTracked(current)) return;
    const { name } = current;
    const tracked = { version: versionOf(current), keys: new Set<string>(), isComplete: false };
    this.#tracked.set(name, tracked);
    const { injected, pods } = this.#index;
    yield* forEachInSteps(injected.of(name), (key) => {
      const pod = pods.get(key);
      if (pod !== undefined && this.#isCandidate(pod, current)) tracked.keys.add(key);
    });
    tracked.isComplete = true;
  }

  /** Keys of the candidates as tracked; if the SidecarSet is deleted, of all Pods that name it. */
  of(name: string): ReadonlySet<string> {
    const { sidecarSets, injected } = this.#index;
    const current = sidecarSets.get(name);
    if (current === undefined) {
      this.#tracked.delete(name);
      return injected.of(name);
    }
    const keys = this.#tracked.get(name)?.keys;
    for (const key of keys ?? []) if (!injected.of(name).has(key)) keys?.delete(key);
    return keys ?? NO_KEYS;
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
  *observeNamespace(namespace: string): Steps<Set<string>> {
    const names = new Set<string>();
    yield* forEachInSteps(this.#index.pods.keysIn(namespace), (key) => {
      for (const name of this.observePod(key)) names.add(name);
    });
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

function versionOf({ sidecarSet: { metadata }, problems }: PreparedSidecarSet): string {
  return `${metadata.uid}/${metadata.generation}/${problems.length}`;
}

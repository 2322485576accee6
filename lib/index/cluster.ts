import type { ControllerRevision } from "../api/controller_revision.ts";
import type { Labels } from "../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../api/names.ts";
import type { Namespace, Pod } from "../api/pod.ts";
import { canaryBase } from "../core/inject/sidecarset_plan.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { selectionKey } from "../core/registration/selection.ts";
import { selectsPod } from "../core/select/pod_selection.ts";
import { NamespaceIndex } from "./namespaces.ts";
import { PodIndex } from "./pods.ts";
import { RevisionIndex } from "./revisions.ts";
import { SidecarSetIndex } from "./sidecarsets.ts";

/**
 * Everything that the process knows of the cluster. Each change answers the names of the SidecarSets that it concerns, so that only those are
 * looked at again.
 */
export class ClusterIndex {
  readonly sidecarSets = new SidecarSetIndex();
  readonly namespaces = new NamespaceIndex();
  readonly revisions = new RevisionIndex();
  readonly pods = new PodIndex({
    selecting: (labels, namespace) => this.selecting(labels, namespace),
    namespace: (name) => this.namespace(name),
  });

  /** A namespace; one that is not known yet has the one label that every namespace has. */
  namespace(name: string): NamespaceFacts {
    return this.namespaces.get(name) ?? { name, labels: { [NAMESPACE_NAME_LABEL]: name } };
  }

  /** The SidecarSets that select a Pod, without those whose Pods a canary takes. */
  selecting(labels: Labels, namespace: NamespaceFacts): readonly PreparedSidecarSet[] {
    const matched = this.sidecarSets.match(labels, namespace);
    const bases = new Set<string>();
    for (const prepared of matched) {
      const base = canaryBase(prepared);
      if (base) bases.add(base);
    }
    return bases.size === 0 ? matched : matched.filter(({ name }) => !bases.has(name));
  }

  applySidecarSet(prepared: PreparedSidecarSet): Set<string> {
    const known = this.sidecarSets.get(prepared.name);
    this.sidecarSets.apply(prepared);
    const names = known && classifiesAlike(known, prepared)
      ? new Set<string>()
      : this.#reclassifyFor(known ? [known, prepared] : [prepared]);
    return names.add(prepared.name);
  }

  deleteSidecarSet(name: string): Set<string> {
    const known = this.sidecarSets.get(name);
    if (!known) return new Set();
    this.sidecarSets.delete(name);
    return this.#reclassifyFor([known]).add(name);
  }

  applyPod(pod: Pod): string[] {
    return this.pods.apply(pod);
  }

  deletePod(key: string): string[] {
    return this.pods.delete(key);
  }

  applyNamespace(namespace: Namespace): Set<string> {
    if (!this.namespaces.apply(namespace)) return new Set();
    const name = namespace.metadata.name ?? "";
    return this.pods.reclassify({ namespace: name, includes: () => true });
  }

  deleteNamespace(name: string): void {
    this.namespaces.delete(name);
  }

  applyRevision(revision: ControllerRevision): string[] {
    return this.revisions.apply(revision);
  }

  deleteRevision(name: string): string[] {
    return this.revisions.delete(name);
  }

  /** Looks again at the Pods of these states of a SidecarSet, and at those that a canary leaves to or takes from its base. */
  #reclassifyFor(states: readonly PreparedSidecarSet[]): Set<string> {
    const names = new Set(states.flatMap((state) => [state.name, canaryBase(state) ?? state.name]));
    return this.pods.reclassify({
      includes: (pod, classes) =>
        [...names].some((name) => classes.has(name)) ||
        states.some(({ sidecarSet }) =>
          selectsPod(sidecarSet.spec, {
            labels: pod.metadata.labels ?? {},
            namespace: this.namespace(pod.metadata.namespace ?? ""),
          })
        ),
    });
  }
}

/** Whether no Pod can be something else to the second state than to the first; most updates are of the status. */
function classifiesAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return a.hash === b.hash && a.hashWithoutImage === b.hashWithoutImage &&
    a.sidecarSet.metadata.uid === b.sidecarSet.metadata.uid &&
    a.sidecarSet.status?.effectiveSince === b.sidecarSet.status?.effectiveSince &&
    canaryBase(a) === canaryBase(b) && selectionKey(a) === selectionKey(b);
}

import { isDeepStrictEqual } from "node:util";
import type { ControllerRevision } from "../api/controller_revision.ts";
import type { Labels } from "../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../api/names.ts";
import type { KubeObject } from "../api/objects.ts";
import type { Namespace, Pod } from "../api/pod.ts";
import { canaryBase } from "../core/inject/sidecarset_plan.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { currentRevision } from "../core/revision/plan.ts";
import { doubtfulMissed } from "../core/select/doubtful_missed.ts";
import { podMatcherOf } from "../core/select/pod_selection.ts";
import { effectiveSinceOf } from "../core/status/effective_since.ts";
import { hasTrait, type PodClass, PodTrait } from "../core/status/pod_class.ts";
import { AwaitedPods } from "./awaited.ts";
import { CleanupRecordIndex } from "./cleanup_records.ts";
import { InjectedIndex } from "./injected.ts";
import { DenialIndex } from "./denials.ts";
import { NamespaceIndex } from "./namespaces.ts";
import { PodIndex, podKey } from "./pods.ts";
import { RevisionIndex } from "./revisions.ts";
import { sameSelection, SelectionTimes } from "./selection_times.ts";
import { SidecarSetIndex } from "./sidecarsets.ts";
import { isOlder, isSameState, unversioned } from "./states.ts";
import { WorkloadIndex } from "./workloads.ts";

export interface ClusterIndexOptions {
  /** Whether Pods of the namespace are never injected. @default none is excluded */
  isExcluded?(namespace: NamespaceFacts): boolean;
}

/**
 * Everything that the process knows of the cluster. Each change answers the names of the SidecarSets that it concerns, so that only those are
 * looked at again.
 */
export class ClusterIndex {
  readonly sidecarSets = new SidecarSetIndex();
  readonly namespaces = new NamespaceIndex();
  readonly revisions = new RevisionIndex();
  readonly injected = new InjectedIndex();
  readonly cleanupRecords = new CleanupRecordIndex();
  readonly workloads = new WorkloadIndex();
  readonly denials = new DenialIndex();
  readonly awaited = new AwaitedPods();
  readonly pods = new PodIndex({
    selecting: (labels, namespace) => this.selecting(labels, namespace),
    namespace: (name) => this.namespace(name),
    knowsNamespace: (name) => this.namespaces.get(name) !== undefined,
    isExcluded: (namespace) => this.#isExcluded(namespace),
    isOlder: (pod, sidecarSet) => this.#selections.isOlder(pod, sidecarSet),
  });
  readonly #selections = new SelectionTimes();
  readonly #isExcluded: (namespace: NamespaceFacts) => boolean;

  constructor({ isExcluded = () => false }: ClusterIndexOptions = {}) {
    this.#isExcluded = isExcluded;
  }

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

  /** Whether this state of a SidecarSet is the known one, so that it need not be read and checked again. */
  knowsSidecarSet({ metadata }: KubeObject): boolean {
    return isSameState(metadata, this.sidecarSets.get(metadata.name ?? "")?.sidecarSet.metadata);
  }

  /** Whether this state of a Pod is the known one: a list of all Pods tells mostly of such. */
  knowsPod(pod: Pod): boolean {
    return isSameState(pod.metadata, this.pods.get(podKey(pod))?.metadata);
  }

  /** Takes over a SidecarSet; an older state than the known one, from a watch that lags behind an answer, changes nothing. */
  applySidecarSet(state: PreparedSidecarSet): Set<string> {
    const known = this.sidecarSets.get(state.name);
    if (known && isOlder(state.sidecarSet.metadata, known.sidecarSet.metadata)) return new Set();
    const prepared = this.withRevision(state);
    this.#selections.apply(prepared, known);
    this.sidecarSets.apply(prepared);
    return this.#reclassifyAfter(known, prepared).add(prepared.name);
  }

  /** Takes whatever state of a SidecarSet comes next for the newer one. */
  forgetSidecarSetVersions(): void {
    for (const prepared of [...this.sidecarSets.values()]) {
      this.sidecarSets.apply({ ...prepared, sidecarSet: unversioned(prepared.sidecarSet) });
    }
  }

  deleteSidecarSet(name: string): Set<string> {
    const known = this.sidecarSets.get(name);
    if (!known) return new Set();
    this.sidecarSets.delete(name);
    this.#selections.delete(name);
    return this.#reclassifyFor([known]).add(name);
  }

  /** Takes over what a write of this process stored, unless the watch has told meanwhile that the SidecarSet is gone: it would stay for ever. */
  updateSidecarSet(state: PreparedSidecarSet): Set<string> {
    const known = this.sidecarSets.get(state.name);
    const isKnown = known?.sidecarSet.metadata.uid === state.sidecarSet.metadata.uid;
    return isKnown ? this.applySidecarSet(state) : new Set();
  }

  /** Takes over what a write of this process stored, unless the watch has told meanwhile that the Pod is gone. */
  updatePod(pod: Pod): string[] {
    const isKnown = this.pods.get(podKey(pod))?.metadata.uid === pod.metadata.uid;
    return isKnown ? this.applyPod(pod) : [];
  }

  applyPod(pod: Pod): string[] {
    const key = podKey(pod);
    const isNew = this.pods.get(key)?.metadata.uid !== pod.metadata.uid;
    // One text for all that is known by it.
    const names = this.pods.apply(pod, key);
    const known = this.pods.get(key);
    if (isNew) this.#notAwaited(key, names);
    this.injected.apply(key, known);
    this.workloads.apply(key, known);
    return [...new Set([...names, ...this.denials.apply(key, known)])];
  }

  #notAwaited(key: string, names: readonly string[]): void {
    for (const name of names) {
      const podClass = this.pods.classesOf(name).get(key) ?? 0;
      if (!hasTrait(podClass, PodTrait.Matched)) continue;
      this.awaited.arrived(name, !hasTrait(podClass, PodTrait.Updated));
    }
  }

  deletePod(key: string): string[] {
    this.injected.apply(key, undefined);
    this.workloads.apply(key, undefined);
    this.denials.apply(key, undefined);
    return this.pods.delete(key);
  }

  applyNamespace(namespace: Namespace): Set<string> {
    if (!this.namespaces.apply(namespace)) return new Set();
    const name = namespace.metadata.name ?? "";
    return this.pods.reclassify(this.pods.keysIn(name));
  }

  /** Names of the known namespaces whose Pods are never injected. */
  excludedNamespaces(): Set<string> {
    const names = [...this.namespaces.names()];
    return new Set(names.filter((name) => this.#isExcluded(this.namespace(name))));
  }

  /** Looks at the Pods of namespaces again that are excluded now, or are not any more. */
  reclassifyIn(namespaces: Iterable<string>): Set<string> {
    return this.pods.reclassify([...namespaces].flatMap((name) => [...this.pods.keysIn(name)]));
  }

  deleteNamespace(name: string): void {
    this.namespaces.delete(name);
  }

  /**
   * Judges the missed Pods that a process finds when it has read everything for the first time.
   *
   * @param countedUntil until when the stored counts are those of a process that had read everything.
   */
  doubtMissed(countedUntil: Date): void {
    for (const prepared of this.sidecarSets.values()) {
      const { name, sidecarSet: { spec, status } } = prepared;
      const missed = this.pods.missedOf(name);
      const doubtful = doubtfulMissed(missed, {
        spec,
        missedBefore: status?.missedPods ?? 0,
        effectiveSince: effectiveSinceOf(prepared, status),
        countedUntil,
      });
      this.pods.doubtMissed(name, doubtful);
    }
  }

  applyRevision(revision: ControllerRevision): string[] {
    return this.#renamed(this.revisions.apply(revision));
  }

  deleteRevision(name: string): string[] {
    return this.#renamed(this.revisions.delete(name));
  }

  #renamed(names: string[]): string[] {
    for (const name of names) {
      const prepared = this.sidecarSets.get(name);
      const named = prepared && this.withRevision(prepared);
      if (named && named !== prepared) this.sidecarSets.apply(named);
    }
    return names;
  }

  /** A state of a SidecarSet with the name of the stored revision of its spec. */
  withRevision(prepared: PreparedSidecarSet): PreparedSidecarSet {
    const stored = this.revisions.of(prepared.name);
    const revisionName = stored.length === 0
      ? ""
      : currentRevision(prepared.sidecarSet, stored)?.metadata.name ?? "";
    return revisionName === prepared.revisionName ? prepared : { ...prepared, revisionName };
  }

  #reclassifyAfter(known: PreparedSidecarSet | undefined, state: PreparedSidecarSet): Set<string> {
    if (known === undefined) return this.#reclassifyFor([state], state.name);
    if (classifiesAlike(known, state)) return new Set();
    // A Pod that is selected is something to the SidecarSet, unless it has ended, which no change of a SidecarSet can undo.
    if (selectsAlike(known, state)) {
      return this.pods.reclassify(this.pods.classesOf(state.name).keys());
    }
    return this.#reclassifyFor(
      [known, state],
      sameSelection(known, state) ? undefined : state.name,
    );
  }

  /** Looks again at the Pods of these states of a SidecarSet, and at those that a canary leaves to or takes from its base. */
  #reclassifyFor(states: readonly PreparedSidecarSet[], fresh?: string): Set<string> {
    const names = states.flatMap((state) => [state.name, canaryBase(state) ?? state.name]);
    const matchers = states.map(({ sidecarSet }) => podMatcherOf(sidecarSet.spec));
    const isConcerned = ({ metadata }: Pod, classes: ReadonlyMap<string, PodClass>) => {
      if (names.some((name) => classes.has(name))) return true;
      const { labels = {}, namespace = "" } = metadata;
      const place = { labels, namespace: this.namespace(namespace) };
      return matchers.some((matches) => matches(place));
    };
    return this.pods.reclassify(this.pods.keys(), { isConcerned, fresh });
  }
}

/** Whether no Pod can be something else to the second state than to the first; most updates are of the status. */
function classifiesAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return a.hash === b.hash && a.hashWithoutImage === b.hashWithoutImage &&
    a.sidecarSet.metadata.uid === b.sidecarSet.metadata.uid &&
    effectiveSinceOf(a, a.sidecarSet.status) === effectiveSinceOf(b, b.sidecarSet.status) &&
    // Plain init containers are in no hash, but may be all that a Pod is known to be injected by.
    isDeepStrictEqual(a.sidecarSet.spec.initContainers, b.sidecarSet.spec.initContainers) &&
    selectsAlike(a, b);
}

/** Whether both states select the same Pods, and leave or take the same ones from others. */
function selectsAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return canaryBase(a) === canaryBase(b) && sameSelection(a, b);
}

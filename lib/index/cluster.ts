import type { ControllerRevision, KubeObject } from "../api/objects.ts";
import type { Labels } from "../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../api/names.ts";
import type { Namespace } from "../api/pod.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import type { ObservedPod } from "../core/observed_pod.ts";
import { canaryBaseOf } from "../core/canary.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { deniedSidecarSets } from "../core/rollout/upgradable.ts";
import { doubtfulMissed } from "../core/select/label_times.ts";
import { effectiveSinceOf } from "../core/status/effective_since.ts";
import { hasTrait, PodTrait } from "../core/status/pod_class.ts";
import { ChangeFeed } from "./changes.ts";
import { ExpectedPods } from "./expected_pods.ts";
import {
  CleanupRecordIndex,
  type StoredCleanupRecord,
  type UnreadableCleanupRecord,
} from "./cleanup_records.ts";
import { injectedNames, InvertedIndex, workloadOf } from "./inverted_index.ts";
import { internedPod, internedStatus, Interning } from "./interning.ts";
import { NamespaceIndex } from "./namespaces.ts";
import { PolicyIndex } from "./policies.ts";
import { PodIndex, podKey } from "./pods.ts";
import { Reclassifier, type Slices, UNDIVIDED } from "./reclassifier.ts";
import { RegistrationIndex } from "./registrations.ts";
import { RevisionIndex } from "./revisions.ts";
import { SelectionTimes } from "./selection_times.ts";
import { SidecarSetIndex } from "./sidecarsets.ts";
import { isOlder, isSameState } from "./versions.ts";

/** Room for eight hundred different lists of conditions: those that were written in one second are alike. */
const MAX_STATUS_CHARACTERS = 400_000;

interface ClusterIndexOptions {
  /** Namespaces whose Pods are never injected. @default none */
  readonly excludedNamespaces?: Iterable<string>;
  /** How Pods are classified again. @default all at once */
  readonly slices?: Slices;
}

/**
 * The cluster as this process knows it. `apply…` and `delete…` take a state over and publish what changed to
 * `changes`; an object that is known already, or newer, changes nothing and publishes nothing.
 */
export class ClusterIndex {
  readonly changes = new ChangeFeed();
  readonly sidecarSets = new SidecarSetIndex();
  readonly namespaces = new NamespaceIndex();
  readonly revisions = new RevisionIndex();
  /** Pods per SidecarSet that their annotation names. */
  readonly injected = new InvertedIndex(injectedNames);
  readonly cleanupRecords = new CleanupRecordIndex();
  /** Pods per uid of the controller that owns them. */
  readonly workloads = new InvertedIndex(workloadOf);
  /** Pods per SidecarSet that they report as not upgradable. */
  readonly denials = new InvertedIndex(deniedSidecarSets);
  readonly registrations = new RegistrationIndex();
  readonly policies = new PolicyIndex(this.changes);
  readonly expectedPods = new ExpectedPods();
  readonly pods = new PodIndex({
    selecting: (labels, namespace) => this.selecting(labels, namespace),
    namespace: (name) => this.namespace(name),
    knowsNamespace: (name) => this.namespaces.get(name) !== undefined,
    isExcluded: (namespace) => this.isExcluded(namespace),
    isOlder: (pod, sidecarSet) => this.#selections.isOlder(pod, sidecarSet),
  });
  /** Parts that Pods have in common, whether watches or answers to writes bring them. */
  readonly podParts = new Interning();
  readonly #selections = new SelectionTimes();
  readonly #statusParts = new Interning({ maxCharacters: MAX_STATUS_CHARACTERS });
  readonly #excludedNamespaces: ReadonlySet<string>;
  readonly #reclassifier: Reclassifier;
  /** The text of the ConfigMap with the allow-list; undefined if it does not exist. */
  allowList: string | undefined;

  constructor({ excludedNamespaces = [], slices = UNDIVIDED }: ClusterIndexOptions = {}) {
    this.#excludedNamespaces = new Set(excludedNamespaces);
    this.#reclassifier = new Reclassifier({ pods: this.pods, changes: this.changes, slices });
  }

  /** Whether Pods of a namespace are never injected: by a flag, or because no registered entry takes them. */
  isExcluded({ name, labels }: NamespaceFacts): boolean {
    return this.#excludedNamespaces.has(name) || this.registrations.isExcluded(labels);
  }

  /** A namespace; one that has not been seen has the label that every namespace has. */
  namespace(name: string): NamespaceFacts {
    return this.namespaces.get(name) ?? { name, labels: { [NAMESPACE_NAME_LABEL]: name } };
  }

  /** The SidecarSets that select a Pod, without the base of a canary that selects it. */
  selecting(labels: Labels, namespace: NamespaceFacts): readonly PreparedSidecarSet[] {
    const matched = this.sidecarSets.match(labels, namespace);
    const bases = new Set<string>();
    for (const prepared of matched) {
      const base = canaryBaseOf(prepared.sidecarSet);
      if (base) bases.add(base);
    }
    return bases.size === 0 ? matched : matched.filter(({ name }) => !bases.has(name));
  }

  /** Whether this state of a SidecarSet is the known one, so that it need not be read and checked again. */
  knowsSidecarSet({ metadata }: KubeObject): boolean {
    return isSameState(metadata, this.sidecarSets.get(metadata.name ?? "")?.sidecarSet.metadata);
  }

  /** Whether this state of a Pod is the known one, as most of a list are. */
  knowsPod(pod: ObservedPod, key = podKey(pod)): boolean {
    return isSameState(pod.metadata, this.pods.get(key)?.metadata);
  }

  applySidecarSet(state: PreparedSidecarSet): void {
    const { name } = state;
    const before = this.sidecarSets.get(name);
    if (before && isOlder(state.sidecarSet.metadata, before.sidecarSet.metadata)) return;
    const after = this.revisions.compared(this.#interned(state), before);
    this.#selections.apply(after, before);
    this.sidecarSets.apply(after);
    const sidecarSets = this.#reclassifier.updated(before, after);
    this.changes.publish({ kind: "sidecarset", name, before, after, sidecarSets });
  }

  #interned(state: PreparedSidecarSet): PreparedSidecarSet {
    const { sidecarSet } = state;
    if (sidecarSet.status === undefined) return state;
    const status = internedStatus(sidecarSet.status, this.#statusParts);
    return { ...state, sidecarSet: { ...sidecarSet, status } };
  }

  deleteSidecarSet(name: string): void {
    const before = this.sidecarSets.get(name);
    if (!before) return;
    this.sidecarSets.delete(name);
    this.#selections.delete(name);
    this.revisions.refusedResizes.deleteSidecarSet(name);
    const sidecarSets = this.#reclassifier.deleted(before);
    this.changes.publish({ kind: "sidecarset", name, before, after: undefined, sidecarSets });
  }

  /** Applies what a write of this process stored, unless the watch has deleted the SidecarSet meanwhile. */
  updateSidecarSet(state: PreparedSidecarSet): void {
    const known = this.sidecarSets.get(state.name);
    const isKnown = known?.sidecarSet.metadata.uid === state.sidecarSet.metadata.uid;
    if (isKnown) this.applySidecarSet(state);
  }

  applyPod(pod: ObservedPod, key = podKey(pod)): void {
    const before = this.pods.get(key);
    // The indexes share one string as their key.
    const names = this.pods.apply(pod, key);
    const after = this.pods.get(key);
    if (before === after) return;
    if (before?.metadata.uid !== pod.metadata.uid) this.#arrived(key, names);
    this.injected.apply(key, before, after);
    this.workloads.apply(key, before, after);
    const sidecarSets = new Set([...names, ...this.denials.apply(key, before, after)]);
    this.changes.publish({ kind: "pod", key, before, after, sidecarSets });
  }

  /** Applies what a write of this process stored, unless the watch has deleted the Pod meanwhile. */
  updatePod(pod: ObservedPod): void {
    const { uid } = this.pods.get(podKey(pod))?.metadata ?? {};
    if (uid === pod.metadata.uid) this.applyPod(internedPod(pod, this.podParts));
  }

  #arrived(key: string, names: readonly string[]): void {
    for (const name of names) {
      const podClass = this.pods.classesOf(name).get(key) ?? 0;
      if (!hasTrait(podClass, PodTrait.Matched)) continue;
      this.expectedPods.arrived(name, !hasTrait(podClass, PodTrait.Updated));
    }
  }

  deletePod(key: string): void {
    const before = this.pods.get(key);
    if (before === undefined) return;
    this.injected.apply(key, before, undefined);
    this.workloads.apply(key, before, undefined);
    this.denials.apply(key, before, undefined);
    this.revisions.refusedResizes.deletePod(key);
    const sidecarSets = this.pods.delete(key);
    this.changes.publish({ kind: "pod", key, before, after: undefined, sidecarSets });
  }

  applyNamespace(namespace: Namespace): void {
    if (!this.namespaces.apply(namespace)) return;
    const { name = "" } = namespace.metadata;
    const sidecarSets = this.#reclassifier.add({
      namespaces: [name],
      keys: this.pods.keysIn(name),
    });
    this.changes.publish({ kind: "namespace", name, sidecarSets });
  }

  deleteNamespace(name: string): void {
    this.namespaces.delete(name);
  }

  applyRegistration(
    configuration: WebhookConfiguration["kind"],
    after: WebhookConfiguration | undefined,
  ): void {
    const excluded = this.#excluded();
    this.registrations.apply(configuration, after);
    const namespaces = [...excluded.symmetricDifference(this.#excluded())];
    const keys = new Set(namespaces.flatMap((name) => [...this.pods.keysIn(name)]));
    const sidecarSets = this.#reclassifier.add({ namespaces, keys });
    const common = { kind: "registration", configuration } as const;
    this.changes.publish({ ...common, after, isRolledBack: false, sidecarSets });
  }

  /** After a rollback of the store, the configuration is unknown until it is read again; exclusions stay until then. */
  forgetRegistration(configuration: WebhookConfiguration["kind"]): void {
    this.registrations.forget(configuration);
    const unknown = { after: undefined, isRolledBack: true, sidecarSets: [] };
    this.changes.publish({ kind: "registration", configuration, ...unknown });
  }

  /** Names of the known namespaces whose Pods are never injected. */
  #excluded(): Set<string> {
    const names = [...this.namespaces.names()];
    return new Set(names.filter((name) => this.isExcluded(this.namespace(name))));
  }

  applyCleanupRecord(entry: StoredCleanupRecord | UnreadableCleanupRecord): void {
    this.cleanupRecords.apply(entry);
    const sidecarSet = "record" in entry ? entry.record.sidecarSet : entry.sidecarSet;
    if (sidecarSet === undefined) return;
    this.changes.publish({ kind: "cleanuprecord", sidecarSet, sidecarSets: [] });
  }

  /** @param name of the ConfigMap */
  deleteCleanupRecord(name: string): void {
    const sidecarSet = this.cleanupRecords.delete(name);
    if (sidecarSet === undefined) return;
    this.changes.publish({ kind: "cleanuprecord", sidecarSet, sidecarSets: [] });
  }

  /** How many Pods a SidecarSet has, and how many of them at an older revision, by its last change. */
  sharesOf(name: string): { readonly matched: number; readonly pinned: number } {
    if (this.pods.reclassification.hasChanged(name)) {
      this.changes.publish({ kind: "classification", sidecarSets: this.#reclassifier.finish() });
    }
    const { matchedPods, updatedPods } = this.pods.countsOf(name);
    return { matched: matchedPods, pinned: matchedPods - updatedPods };
  }

  /**
   * Marks missed Pods that a restarted process cannot date as selected later, so that they do not count as missed.
   *
   * @param countedUntil until when the stored counts are those of a process that had read everything
   */
  markSelectedLater(countedUntil: Date): void {
    const classified = this.#reclassifier.finish();
    for (const prepared of this.sidecarSets.values()) {
      const { name, sidecarSet: { spec, status } } = prepared;
      const doubtful = doubtfulMissed(this.pods.missedOf(name), {
        spec,
        missedBefore: status?.missedPods ?? 0,
        effectiveSince: effectiveSinceOf(prepared, status),
        countedUntil,
      });
      this.pods.markSelectedLater(name, doubtful);
    }
    if (classified.size > 0) this.changes.publish({ kind: "finding", sidecarSets: classified });
  }

  applyRevision(revision: ControllerRevision): void {
    this.#revised(revision.metadata.name ?? "", this.revisions.apply(revision));
  }

  deleteRevision(name: string): void {
    this.#revised(name, this.revisions.delete(name));
  }

  /** Compares SidecarSets and their Pods with the stored revisions again. */
  #revised(name: string, sidecarSets: readonly string[]): void {
    if (sidecarSets.length === 0) return;
    const known = sidecarSets.flatMap((each) => this.sidecarSets.get(each) ?? []);
    known.forEach((prepared) => this.#compareAgain(prepared));
    this.changes.publish({ kind: "revision", name, sidecarSets });
  }

  /** Records whether the API server has the subresource `pods/resize`. */
  applyResizeSupport(hasResize: boolean): void {
    if (this.revisions.hasResize === hasResize) return;
    this.revisions.hasResize = hasResize;
    const all = [...this.sidecarSets.values()];
    all.forEach((prepared) => this.#compareAgain(prepared));
    this.changes.publish({ kind: "finding", sidecarSets: all.map(({ name }) => name) });
  }

  #compareAgain(prepared: PreparedSidecarSet): void {
    this.sidecarSets.apply(this.revisions.compared(prepared));
    if (prepared.sidecarSet.spec.updateStrategy?.resizePolicy !== "InPlace") return;
    this.#reclassifier.add({ names: [prepared.name], keys: this.pods.classesOf(prepared.name) });
  }
}

import type { ObservedPod } from "../core/observed_pod.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import {
  classifyPod,
  hasTrait,
  NO_PODS,
  type PodClass,
  type PodCounts,
  PodTrait,
} from "../core/status/pod_class.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { maySelectLater } from "../core/select/label_times.ts";
import { Members, sameClasses, touched, type TrackedPods } from "./members.ts";
import { EffectiveTimes } from "./selection_times.ts";
import { Interning } from "./interning.ts";
import type { ReadonlyParts } from "./parts.ts";
import { Reclassification } from "./reclassification.ts";
import { isOlder, unversioned } from "./versions.ts";

interface PodIndexOptions {
  /** The SidecarSets that select a Pod with these labels in this namespace. */
  selecting(
    labels: Readonly<Record<string, string>>,
    namespace: NamespaceFacts,
  ): readonly PreparedSidecarSet[];
  namespace(name: string): NamespaceFacts;
  /** Whether the labels of the namespace are known, other than its name. */
  knowsNamespace(name: string): boolean;
  /** Whether Pods of the namespace are never injected. */
  isExcluded(namespace: NamespaceFacts): boolean;
  /** Whether a Pod is known to be older than the selection of a SidecarSet. */
  isOlder(pod: ObservedPod, sidecarSet: string): boolean;
}

interface PodRecord {
  pod: ObservedPod;
  /** By SidecarSet, without those that neither select nor inject the Pod. */
  classes: ReadonlyMap<string, PodClass>;
  /** SidecarSets that came to select the Pod after its creation, by a new selector or a change of labels. */
  selectedLater: ReadonlySet<string>;
  /** Of the last change by which the Pod was classified. */
  serial: number;
}

const NO_CLASSES: ReadonlyMap<string, PodClass> = new Map();
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * Projected Pods with their class per SidecarSet, and counts of the classes. An event costs O(1) in the number of
 * Pods.
 */
export class PodIndex {
  readonly #options: PodIndexOptions;
  readonly #records = new Map<string, PodRecord>();
  readonly reclassification = new Reclassification(() => this.#records.keys());
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #members = new Map<string, Members>();
  readonly #versions = new Map<string, number>();
  /** Keys of Pods whose namespace has not been seen, so that their SidecarSets are uncertain. */
  readonly #unplaced = new Set<string>();
  readonly #interning = new Interning();
  readonly #effectiveTimes = new EffectiveTimes();
  #version = 0;

  constructor(options: PodIndexOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: string): ObservedPod | undefined {
    return this.#records.get(key)?.pod;
  }

  keys(): IterableIterator<string> {
    return this.#records.keys();
  }

  /** Keys of the Pods of a namespace. */
  keysIn(namespace: string): ReadonlySet<string> {
    return this.#byNamespace.get(namespace) ?? NO_NAMES;
  }

  countsOf(sidecarSet: string): PodCounts {
    return this.#members.get(sidecarSet)?.counts ?? NO_PODS;
  }

  /** Classes of the Pods that the SidecarSet selects or injects, by key. */
  classesOf(sidecarSet: string): ReadonlyParts<string, PodClass> {
    return this.#members.get(sidecarSet)?.classes ?? NO_CLASSES;
  }

  /** A number that changes when a plan for the SidecarSet can change. */
  versionOf(sidecarSet: string): number {
    return this.#versions.get(sidecarSet) ?? 0;
  }

  /** Matched Pods without the current hash. */
  outdatedOf(sidecarSet: string): ObservedPod[] {
    return [...this.each(this.#members.get(sidecarSet)?.outdated)];
  }

  /** Keys of the matched Pods without the current hash. */
  outdatedKeysOf(sidecarSet: string): string[] {
    return [...this.#members.get(sidecarSet)?.outdated ?? []];
  }

  /** Matched Pods of which both halves of a hot-upgrade pair run a real image. */
  halfUpgradedOf(sidecarSet: string): ObservedPod[] {
    return [...this.each(this.#members.get(sidecarSet)?.halfUpgraded)];
  }

  /** Updated Pods with an image that another client changed. */
  driftedOf(sidecarSet: string): ObservedPod[] {
    return [...this.each(this.#members.get(sidecarSet)?.drifted)];
  }

  /** Pods whose images were rewritten at admission, without a record of it yet. */
  rewrittenOf(sidecarSet: string): Iterable<ObservedPod> {
    return this.each(this.#members.get(sidecarSet)?.rewritten);
  }

  /** Missed Pods: created without the sidecars that they should have. */
  missedOf(sidecarSet: string): ObservedPod[] {
    return [...this.each(this.#members.get(sidecarSet)?.missed)];
  }

  /** Matched Pods that are not ready. */
  unreadyOf(sidecarSet: string): ObservedPod[] {
    return [...this.each(this.#members.get(sidecarSet)?.unready)];
  }

  /** What plans track of the SidecarSet's Pods; undefined if it has none. */
  trackedOf(sidecarSet: string): TrackedPods | undefined {
    return this.#members.get(sidecarSet);
  }

  *matchedOf(sidecarSet: string): Iterable<ObservedPod> {
    for (const [key, podClass] of this.classesOf(sidecarSet)) {
      const pod = hasTrait(podClass, PodTrait.Matched) ? this.get(key) : undefined;
      if (pod) yield pod;
    }
  }

  /** The known Pods of these keys. */
  *each(keys: Iterable<string> = []): Iterable<ObservedPod> {
    for (const key of keys) {
      const pod = this.get(key);
      if (pod) yield pod;
    }
  }

  /** Stores a projected Pod, unless it is older. @returns the SidecarSets that select or inject it, before or now */
  apply(pod: ObservedPod, key = podKey(pod)): string[] {
    this.reclassify(key);
    const known = this.#records.get(key);
    if (known && isOlder(pod.metadata, known.pod.metadata)) return [];
    const same = known?.pod.metadata.uid === pod.metadata.uid ? known : undefined;
    const record = this.#classified(pod, same);
    this.#replace(key, known, record);
    return touched(known?.classes, record.classes);
  }

  /** After a rollback of the store, the next state of a Pod is the newer one. */
  *forgetVersions(): Steps<void> {
    yield* forEachInSteps(this.#records.values(), (record) => {
      record.pod = unversioned(record.pod);
    });
  }

  /** @returns the SidecarSets that selected or injected the Pod */
  delete(key: string): string[] {
    const known = this.#records.get(key);
    if (!known) return [];
    this.#replace(key, known, undefined);
    return [...known.classes.keys()];
  }

  /** Classifies a Pod again if a pending change concerns it, or the caller knows that something changed for it. */
  reclassify(key: string, isChanged = false): void {
    const { reclassification } = this;
    const known = this.#records.get(key);
    if (!known || (!isChanged && known.serial === reclassification.serial)) return;
    const { pod, serial } = known;
    const { namespace = "" } = pod.metadata;
    const place = this.#options.namespace(namespace);
    const selecting = () => this.#options.selecting(pod.metadata.labels ?? {}, place);
    const isConcerned = reclassification.concerns({ ...known, namespace }, selecting);
    known.serial = reclassification.serial;
    if (!isConcerned && !isChanged) return;
    const isFresh = (name: string) => reclassification.isFresh(name, { namespace, serial });
    const record = this.#classified(pod, known, isFresh);
    const hasSameLater = known.selectedLater.size === record.selectedLater.size;
    if (hasSameLater && sameClasses(known.classes, record.classes)) return;
    this.#replace(key, known, record);
    reclassification.note(touched(known.classes, record.classes));
  }

  /** Marks missed Pods as selected after their creation, by a change that this process has not seen. */
  markSelectedLater(sidecarSet: string, pods: readonly ObservedPod[]): void {
    for (const pod of pods) {
      const key = podKey(pod);
      const known = this.#records.get(key);
      if (known === undefined) continue;
      const selectedLater = new Set(known.selectedLater).add(sidecarSet);
      this.#replace(key, known, this.#classified(known.pod, { ...known, selectedLater }));
    }
  }

  /** @param isFresh whether the Pod is compared with the time of a SidecarSet's selection, because that is new */
  #classified(pod: ObservedPod, known?: PodRecord, isFresh = (_name: string) => false): PodRecord {
    const { namespace: namespaceName = "default" } = pod.metadata;
    const key = podKey(pod);
    const wasUnplaced = this.#unplaced.has(key);
    if (this.#options.knowsNamespace(namespaceName)) this.#unplaced.delete(key);
    else this.#unplaced.add(key);
    const namespace = this.#options.namespace(namespaceName);
    const selecting = this.#options.selecting(pod.metadata.labels ?? {}, namespace);
    const { serial } = this.reclassification;
    const none = { pod, classes: NO_CLASSES, selectedLater: NO_NAMES, serial };
    if (selecting.length === 0) return none;
    const classes = new Map<string, PodClass>();
    const later = new Set<string>();
    const excluded = this.#options.isExcluded(namespace);
    for (const prepared of selecting) {
      const { name, sidecarSet: { spec } } = prepared;
      const wasUndecided = wasUnplaced && spec.namespaceSelector !== undefined;
      const isNew = known === undefined || isFresh(name);
      const sawLater = isNew
        ? known?.selectedLater.has(name) || this.#options.isOlder(pod, name)
        : known.selectedLater.has(name) || (!wasUndecided && !known.classes.has(name));
      const selectedLater = sawLater || maySelectLater(spec, {
        pod: pod.metadata,
        namespace: namespace.labelTimes,
      });
      if (selectedLater) later.add(name);
      const effectiveSince = this.#effectiveTimes.of(prepared);
      const podClass = classifyPod(pod, prepared, {
        selected: true,
        selectedLater,
        excluded,
        ...(effectiveSince ? { effectiveSince } : {}),
      });
      if (podClass !== 0) classes.set(name, podClass);
    }
    return {
      pod,
      classes: this.#interned(classes),
      selectedLater: later.size > 0 ? later : NO_NAMES,
      serial,
    };
  }

  /** Most Pods have equal classes. */
  #interned(classes: ReadonlyMap<string, PodClass>): ReadonlyMap<string, PodClass> {
    return classes.size === 0
      ? NO_CLASSES
      : this.#interning.intern(classes, JSON.stringify([...classes]));
  }

  #replace(key: string, before: PodRecord | undefined, after: PodRecord | undefined): void {
    const namespace = (after ?? before)?.pod.metadata.namespace ?? "";
    if (after) {
      this.#records.set(key, after);
      const siblings = this.#byNamespace.get(namespace) ?? new Set();
      if (siblings.size === 0) this.#byNamespace.set(namespace, siblings);
      siblings.add(key);
    } else {
      this.#records.delete(key);
      this.#unplaced.delete(key);
      const siblings = this.#byNamespace.get(namespace);
      siblings?.delete(key);
      if (siblings?.size === 0) this.#byNamespace.delete(namespace);
    }
    for (const name of touched(before?.classes, after?.classes)) {
      this.#count(name, key, after?.classes.get(name) ?? 0);
    }
  }

  #count(sidecarSet: string, key: string, after: PodClass): void {
    const members = this.#members.get(sidecarSet) ?? new Members();
    const matters = members.set(key, after);
    if (members.classes.size === 0) {
      this.#members.delete(sidecarSet);
      this.#versions.delete(sidecarSet);
      return;
    }
    this.#members.set(sidecarSet, members);
    if (matters) this.#versions.set(sidecarSet, ++this.#version);
  }
}

/** `namespace/name`. */
export function podKey(pod: ObservedPod): string {
  return `${pod.metadata.namespace ?? ""}/${pod.metadata.name ?? ""}`;
}

import type { Pod } from "../api/pod.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { NO_PODS, type PodCounts } from "../core/status/counts.ts";
import { maySelectLater } from "../core/select/label_times.ts";
import { classifyPod, hasTrait, type PodClass, PodTrait } from "../core/status/pod_class.ts";
import { Members } from "./members.ts";
import { EffectiveTimes } from "./selection_times.ts";
import { Interning } from "./interning.ts";
import { isOlder, unversioned } from "./versions.ts";

export interface PodIndexOptions {
  /** The SidecarSets that select a Pod with these labels in this namespace. */
  selecting(
    labels: Readonly<Record<string, string>>,
    namespace: NamespaceFacts,
  ): readonly PreparedSidecarSet[];
  namespace(name: string): NamespaceFacts;
  /** Whether that is what the namespace is, not merely the little that is certain of any. */
  knowsNamespace(name: string): boolean;
  /** Whether Pods of the namespace are never injected. */
  isExcluded(namespace: NamespaceFacts): boolean;
  /** Whether a Pod that is seen for the first time, or of a SidecarSet's new selection, is known to be older than that. */
  isOlder(pod: Pod, sidecarSet: string): boolean;
}

interface PodRecord {
  pod: Pod;
  /** By SidecarSet; those that the Pod is nothing to are left out. */
  classes: ReadonlyMap<string, PodClass>;
  /** SidecarSets whose selection is younger than the Pod, or came to match it by a change of labels. */
  selectedLater: ReadonlySet<string>;
}

const NO_CLASSES: ReadonlyMap<string, PodClass> = new Map();
const NO_NAMES: ReadonlySet<string> = new Set();

/** Every Pod, trimmed, with what it is to each SidecarSet and the counts of that; a Pod's event costs only what that Pod has. */
export class PodIndex {
  readonly #options: PodIndexOptions;
  readonly #records = new Map<string, PodRecord>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #members = new Map<string, Members>();
  readonly #versions = new Map<string, number>();
  /** Keys of Pods whose namespaces are not known yet, so that it is not known either what selects them. */
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

  get(key: string): Pod | undefined {
    return this.#records.get(key)?.pod;
  }

  keys(): IterableIterator<string> {
    return this.#records.keys();
  }

  /** Keys of the Pods of a namespace. */
  keysIn(namespace: string): Iterable<string> {
    return this.#byNamespace.get(namespace) ?? [];
  }

  countsOf(sidecarSet: string): PodCounts {
    return this.#members.get(sidecarSet)?.counts ?? NO_PODS;
  }

  /** Keys of the Pods that are something to the SidecarSet, with their classes. */
  classesOf(sidecarSet: string): ReadonlyMap<string, PodClass> {
    return this.#members.get(sidecarSet)?.classes ?? NO_CLASSES;
  }

  /** A number that is another one when a plan for the SidecarSet may come out otherwise. */
  versionOf(sidecarSet: string): number {
    return this.#versions.get(sidecarSet) ?? 0;
  }

  /** Matched Pods that do not have the current hash, by name: which of equal Pods is next can then be foreseen, and is the same after a restart. */
  outdatedOf(sidecarSet: string): Pod[] {
    const { outdated = [] } = this.#members.get(sidecarSet) ?? {};
    return this.#podsOf([...outdated].sort());
  }

  /** Matched Pods of which both halves of a hot-upgrade pair run a real image. */
  halfUpgradedOf(sidecarSet: string): Pod[] {
    return this.#podsOf(this.#members.get(sidecarSet)?.halfUpgraded);
  }

  /** Updated Pods with images that somebody has changed. */
  driftedOf(sidecarSet: string): Pod[] {
    return this.#podsOf(this.#members.get(sidecarSet)?.drifted);
  }

  /** Pods whose images were rewritten at admission, which is not recorded in them yet. */
  rewrittenOf(sidecarSet: string): Pod[] {
    return this.#podsOf(this.#members.get(sidecarSet)?.rewritten);
  }

  /** Pods that were not injected, though they should have been. */
  missedOf(sidecarSet: string): Pod[] {
    return this.#podsOf(this.#members.get(sidecarSet)?.missed);
  }

  /** Key of one matched Pod that is not ready. */
  anyUnreadyOf(sidecarSet: string): string | undefined {
    return this.#members.get(sidecarSet)?.unready.values().next().value;
  }

  /** Which updated and ready Pods may not have been so for long; undefined where the SidecarSet has no Pods. */
  settlingOf(
    sidecarSet: string,
  ): Pick<Members, "settling" | "settled" | "restartSettling"> | undefined {
    return this.#members.get(sidecarSet);
  }

  *matchedOf(sidecarSet: string): Iterable<Pod> {
    for (const [key, podClass] of this.classesOf(sidecarSet)) {
      const pod = hasTrait(podClass, PodTrait.Matched) ? this.get(key) : undefined;
      if (pod) yield pod;
    }
  }

  #podsOf(keys: Iterable<string> = []): Pod[] {
    const pods: Pod[] = [];
    for (const key of keys) {
      const pod = this.get(key);
      if (pod) pods.push(pod);
    }
    return pods;
  }

  /** Stores a trimmed Pod; returns the SidecarSets that it is or was something to. */
  apply(pod: Pod, key = podKey(pod)): string[] {
    const known = this.#records.get(key);
    if (known && isOlder(pod.metadata, known.pod.metadata)) return [];
    const same = known?.pod.metadata.uid === pod.metadata.uid ? known : undefined;
    const record = this.#classified(pod, same);
    this.#replace(key, known, record);
    return touched(known?.classes, record.classes);
  }

  /** Takes whatever state comes next for the newer one. */
  forgetVersions(): void {
    for (const [key, record] of this.#records) {
      this.#records.set(key, { ...record, pod: unversioned(record.pod) });
    }
  }

  /** Drops a Pod; returns the SidecarSets that it was something to. */
  delete(key: string): string[] {
    const known = this.#records.get(key);
    if (!known) return [];
    this.#replace(key, known, undefined);
    return [...known.classes.keys()];
  }

  /**
   * Looks again at Pods that a changed SidecarSet or namespace may concern; returns the SidecarSets whose Pods changed.
   *
   * @param options `isConcerned` is given what the Pod has been so far to each SidecarSet; all of the Pods are concerned where it is
   * absent. `fresh` is the SidecarSet whose selection is new: whether its Pods are older is a matter of time, not of labels.
   */
  reclassify(
    keys: Iterable<string>,
    { isConcerned, fresh }: {
      isConcerned?(pod: Pod, classes: ReadonlyMap<string, PodClass>): boolean;
      fresh?: string | undefined;
    } = {},
  ): Set<string> {
    const names = new Set<string>();
    for (const key of keys) {
      const known = this.#records.get(key);
      if (!known || isConcerned?.(known.pod, known.classes) === false) continue;
      const record = this.#classified(known.pod, known, fresh);
      const isSame = sameClasses(known.classes, record.classes) &&
        known.selectedLater.size === record.selectedLater.size;
      if (isSame) continue;
      this.#replace(key, known, record);
      for (const name of touched(known.classes, record.classes)) names.add(name);
    }
    return names;
  }

  /** Takes missed Pods for such as came to be selected later by a change that nothing tells of. */
  markSelectedLater(sidecarSet: string, pods: readonly Pod[]): void {
    for (const pod of pods) {
      const key = podKey(pod);
      const known = this.#records.get(key);
      if (known === undefined) continue;
      const selectedLater = new Set(known.selectedLater).add(sidecarSet);
      this.#replace(key, known, this.#classified(known.pod, { ...known, selectedLater }));
    }
  }

  #classified(pod: Pod, known: PodRecord | undefined, fresh?: string): PodRecord {
    const { namespace: namespaceName = "default" } = pod.metadata;
    const key = podKey(pod);
    const wasUnplaced = this.#unplaced.has(key);
    if (this.#options.knowsNamespace(namespaceName)) this.#unplaced.delete(key);
    else this.#unplaced.add(key);
    const namespace = this.#options.namespace(namespaceName);
    const selecting = this.#options.selecting(pod.metadata.labels ?? {}, namespace);
    if (selecting.length === 0) return { pod, classes: NO_CLASSES, selectedLater: NO_NAMES };
    const classes = new Map<string, PodClass>();
    const later = new Set<string>();
    const excluded = this.#options.isExcluded(namespace);
    for (const prepared of selecting) {
      const { name, sidecarSet: { spec } } = prepared;
      const wasUndecided = wasUnplaced && spec.namespaceSelector !== undefined;
      const isNew = known === undefined || fresh === name;
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
    };
  }

  /** Of 100,000 Pods most are the same to the same SidecarSets. */
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

/** How a Pod is named among all Pods. */
export function podKey(pod: Pod): string {
  return `${pod.metadata.namespace ?? ""}/${pod.metadata.name ?? ""}`;
}

function touched(
  before: ReadonlyMap<string, PodClass> | undefined,
  after: ReadonlyMap<string, PodClass> | undefined,
): string[] {
  return [...new Set([...before?.keys() ?? [], ...after?.keys() ?? []])];
}

function sameClasses(
  a: ReadonlyMap<string, PodClass>,
  b: ReadonlyMap<string, PodClass>,
): boolean {
  return a.size === b.size && [...a].every(([name, podClass]) => b.get(name) === podClass);
}

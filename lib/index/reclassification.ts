import type { PreparedSidecarSet } from "../core/prepared.ts";

/** Keys that are read while Pods are classified. One that comes or goes meanwhile is classified by its event. */
interface PodKeys {
  readonly size: number;
  keys(): Iterable<string>;
}

/** A change after which known Pods can have other classes. */
export interface ClassChange {
  /** SidecarSets that changed. */
  readonly names?: readonly string[];
  /** The one of them whose selection is new, so that its Pods are compared with the time of the selection. */
  readonly fresh?: string | undefined;
  /** Namespaces whose labels or exclusion changed. */
  readonly namespaces?: readonly string[];
  /** Keys of the Pods that it can concern; absent for all Pods. */
  readonly keys?: PodKeys;
}

/** The place and the classes of a Pod as they were last decided. */
interface Classified {
  readonly namespace: string;
  readonly classes: ReadonlyMap<string, unknown>;
  readonly selectedLater: ReadonlySet<string>;
  /** {@linkcode Reclassification.serial} at that time. */
  readonly serial: number;
}

interface Pending {
  /** Serial of the last change. */
  at: number;
  /** Serial of the last new selection; 0 if there is none. */
  freshAt: number;
  /** Passes that are not complete. */
  passes: number;
}

interface Pass {
  readonly keys: Iterator<string>;
  readonly isOfAll: boolean;
  hasStarted: boolean;
  readonly names: Set<string>;
  readonly namespaces: Set<string>;
}

/**
 * Changes after which Pods are still to be classified again, in passes that end after any number of Pods and go on
 * later. One Pod is classified for all pending changes at once, by the current state of everything: when its turn
 * comes, or before an event of its own is applied, so that its class is never half of one state and half of another.
 *
 * Changes of all Pods that arrive during a pass share the next one. Many SidecarSets created together thus cost few
 * passes.
 */
export class Reclassification {
  readonly #names = new Map<string, Pending>();
  readonly #namespaces = new Map<string, Pending>();
  readonly #passes: Pass[] = [];
  readonly #allKeys: () => Iterator<string>;
  #touched = new Set<string>();
  /** SidecarSets that wait until no namespace is pending. */
  #waiting = new Set<string>();
  #serial = 0;

  /** @param allKeys keys of all Pods; those that are added during the iteration may be left out */
  constructor(allKeys: () => Iterator<string>) {
    this.#allKeys = allKeys;
  }

  /** Number of the last change; a Pod that was classified at it is up to date. */
  get serial(): number {
    return this.#serial;
  }

  get isComplete(): boolean {
    return this.#passes.length === 0;
  }

  /** Whether Pods may still have classes by an earlier state of the SidecarSet. */
  hasChanged(sidecarSet: string): boolean {
    return this.#names.has(sidecarSet);
  }

  /** Whether Pods may still have classes by an earlier state of the SidecarSet or of a namespace. */
  isPending(sidecarSet: string): boolean {
    return this.hasChanged(sidecarSet) || this.#namespaces.size > 0;
  }

  /** As {@linkcode isPending}; if so, the SidecarSet is returned again when all Pods are classified. */
  defers(sidecarSet: string): boolean {
    if (!this.isPending(sidecarSet)) return false;
    if (!this.#names.has(sidecarSet)) this.#waiting.add(sidecarSet);
    return true;
  }

  add({ names = [], fresh, namespaces = [], keys }: ClassChange): void {
    this.#serial++;
    const pass = this.#passFor(keys);
    for (const name of names) this.#await(this.#names, name, pass.names);
    for (const name of namespaces) this.#await(this.#namespaces, name, pass.namespaces);
    const selection = fresh === undefined ? undefined : this.#names.get(fresh);
    if (selection) selection.freshAt = this.#serial;
  }

  #passFor(keys: PodKeys | undefined): Pass {
    const last = this.#passes.at(-1);
    if (keys === undefined && last?.isOfAll && !last.hasStarted) return last;
    const pass = {
      keys: keys?.keys()[Symbol.iterator]() ?? this.#allKeys(),
      isOfAll: keys === undefined,
      hasStarted: false,
      names: new Set<string>(),
      namespaces: new Set<string>(),
    };
    this.#passes.push(pass);
    return pass;
  }

  #await(pending: Map<string, Pending>, name: string, members: Set<string>): void {
    const known = pending.get(name) ?? { at: 0, freshAt: 0, passes: 0 };
    known.at = this.#serial;
    if (!members.has(name)) known.passes++;
    members.add(name);
    pending.set(name, known);
  }

  /**
   * Whether a change since its last classification can have changed the classes of a Pod.
   *
   * @param selecting the SidecarSets that select the Pod now; called only if the rest does not decide
   */
  concerns(
    { namespace, classes, selectedLater, serial }: Classified,
    selecting: () => readonly PreparedSidecarSet[],
  ): boolean {
    if (serial === this.#serial) return false;
    if (isSince(this.#namespaces.get(namespace), serial)) return true;
    if (this.#names.size === 0) return false;
    const hasChanged = (name: string) => isSince(this.#names.get(name), serial);
    return classes.keys().some(hasChanged) || selectedLater.keys().some(hasChanged) ||
      selecting().some(({ name }) => hasChanged(name));
  }

  /**
   * Whether the selection of a SidecarSet is newer than the Pod's classes. Not if the labels of the namespace have
   * changed, too: then the Pod counts as selected later, as in every doubt.
   */
  isFresh(
    name: string,
    { namespace, serial }: Pick<Classified, "namespace" | "serial">,
  ): boolean {
    return (this.#names.get(name)?.freshAt ?? 0) > serial &&
      !isSince(this.#namespaces.get(namespace), serial);
  }

  /** Records SidecarSets for which a Pod changed its class, to be returned when a pass completes. */
  note(names: Iterable<string>): void {
    for (const name of names) this.#touched.add(name);
  }

  /**
   * Goes on with the first pass.
   *
   * @param visit classifies the Pod of a key
   * @returns once the pass is complete, the SidecarSets that changed, those for which Pods changed their class, and
   * those that were deferred until then
   */
  work(maxPods: number, visit: (key: string) => void): Set<string> | undefined {
    const [pass] = this.#passes;
    if (pass === undefined) return undefined;
    pass.hasStarted = true;
    for (let i = 0; i < maxPods; i++) {
      const { done, value } = pass.keys.next();
      if (done) return this.#completed(pass);
      visit(value);
    }
    return undefined;
  }

  #completed({ names, namespaces }: Pass): Set<string> {
    this.#passes.shift();
    release(this.#names, names);
    release(this.#namespaces, namespaces);
    const classified = this.#touched.union(names);
    this.#touched = new Set();
    if (this.#namespaces.size > 0) return classified;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    return classified.union(waiting);
  }
}

function isSince(pending: Pending | undefined, serial: number): boolean {
  return pending !== undefined && pending.at > serial;
}

function release(pending: Map<string, Pending>, names: Iterable<string>): void {
  for (const name of names) {
    const known = pending.get(name);
    if (known !== undefined && --known.passes === 0) pending.delete(name);
  }
}

import type { CleanupRecord } from "../api/cleanup_record.ts";
import type { ConfigMap } from "../api/objects.ts";
import { Multimap } from "../core/multimap.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { isOlder, unversioned } from "./versions.ts";

/** A record, and the ConfigMap that holds it, whose resourceVersion is the precondition of a write. */
export interface StoredCleanupRecord {
  readonly record: CleanupRecord;
  readonly configMap: ConfigMap;
}

/** A record that another client damaged, or that a newer version of the program wrote. */
export interface UnreadableCleanupRecord {
  readonly configMap: ConfigMap;
  /** The SidecarSet that it belongs to; undefined if unreadable. */
  readonly sidecarSet: string | undefined;
  /** The field that cannot be read, and why. */
  readonly problem: string;
}

type Entry = StoredCleanupRecord | UnreadableCleanupRecord;

/** The controller's own records of clean-ups, by the name of their ConfigMap and by that of their SidecarSet. */
export class CleanupRecordIndex {
  readonly #byName = new Map<string, Entry>();
  readonly #bySidecarSet = new Multimap();

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** Whether there is a record of the name, readable or not. */
  has(sidecarSet: string): boolean {
    return this.#bySidecarSet.count(sidecarSet) > 0;
  }

  /** The newest known state of a record; undefined if it is deleted. */
  get({ configMap }: StoredCleanupRecord): StoredCleanupRecord | undefined {
    const entry = this.#byName.get(nameOf(configMap));
    return entry && "record" in entry ? entry : undefined;
  }

  /** The records of all SidecarSets with the name, deleted ones included; newest first. */
  of(sidecarSet: string): StoredCleanupRecord[] {
    const readable = this.#entriesOf(sidecarSet).filter((entry) => "record" in entry);
    return readable.length < 2 ? readable : readable.sort((a, b) => createdAt(b) - createdAt(a));
  }

  /** The records of the name that cannot be read. */
  unreadableOf(sidecarSet: string): UnreadableCleanupRecord[] {
    return this.#entriesOf(sidecarSet).filter((entry) => "problem" in entry);
  }

  /** Names of the SidecarSets with records. */
  sidecarSets(): IterableIterator<string> {
    return this.#bySidecarSet.keys();
  }

  /** Stores a record; an older state than the known one changes nothing. */
  apply(entry: Entry): void {
    const name = nameOf(entry.configMap);
    const known = this.#byName.get(name);
    if (known && isOlder(entry.configMap.metadata, known.configMap.metadata)) return;
    this.delete(name);
    this.#byName.set(name, entry);
    const sidecarSet = sidecarSetOf(entry);
    if (sidecarSet === undefined) return;
    this.#bySidecarSet.add(sidecarSet, name);
  }

  /** After a rollback of the store, the next state of a record is the newer one. */
  *forgetVersions(): Steps<void> {
    yield* forEachInSteps([...this.#byName.keys()], (name) => {
      const entry = this.#byName.get(name);
      if (entry) this.apply({ ...entry, configMap: unversioned(entry.configMap) });
    });
  }

  /** @returns the SidecarSet that the record belonged to */
  delete(name: string): string | undefined {
    const known = this.#byName.get(name);
    const sidecarSet = known && sidecarSetOf(known);
    this.#byName.delete(name);
    if (sidecarSet === undefined) return undefined;
    this.#bySidecarSet.delete(sidecarSet, name);
    return sidecarSet;
  }

  #entriesOf(sidecarSet: string): Entry[] {
    return [...this.#bySidecarSet.valuesOf(sidecarSet)].flatMap((name) =>
      this.#byName.get(name) ?? []
    );
  }
}

function sidecarSetOf(entry: Entry): string | undefined {
  return "record" in entry ? entry.record.sidecarSet : entry.sidecarSet;
}

function nameOf({ metadata }: ConfigMap): string {
  return metadata.name ?? "";
}

function createdAt({ configMap }: StoredCleanupRecord): number {
  return Date.parse(configMap.metadata.creationTimestamp ?? "") || 0;
}

import type { CleanupRecord } from "../api/cleanup_record.ts";
import type { ConfigMap } from "../api/objects.ts";

/** A record as it is stored. */
export interface StoredCleanupRecord {
  readonly record: CleanupRecord;
  readonly configMap: ConfigMap;
}

/** The controller's own records of clean-ups, by the name of their ConfigMap. */
export class CleanupRecordIndex {
  readonly #byName = new Map<string, StoredCleanupRecord>();

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** The newest known state of a record; undefined once it is gone. */
  get({ configMap }: StoredCleanupRecord): StoredCleanupRecord | undefined {
    return this.#byName.get(configMap.metadata.name ?? "");
  }

  /** The records of all SidecarSets that have or had the name, the newest first. */
  of(sidecarSet: string): StoredCleanupRecord[] {
    return [...this.#byName.values()]
      .filter(({ record }) => record.sidecarSet === sidecarSet)
      .sort((a, b) => createdAt(b) - createdAt(a));
  }

  /** Names of the SidecarSets that there are records of. */
  sidecarSets(): Set<string> {
    return new Set([...this.#byName.values()].map(({ record }) => record.sidecarSet));
  }

  apply(stored: StoredCleanupRecord): void {
    this.#byName.set(stored.configMap.metadata.name ?? "", stored);
  }

  /** Returns the name of the SidecarSet that it was about. */
  delete(name: string): string | undefined {
    const known = this.#byName.get(name);
    this.#byName.delete(name);
    return known?.record.sidecarSet;
  }
}

function createdAt({ configMap }: StoredCleanupRecord): number {
  return Date.parse(configMap.metadata.creationTimestamp ?? "") || 0;
}

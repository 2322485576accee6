import { isDeepStrictEqual } from "node:util";
import {
  type CleanupProgress,
  type CleanupRecord,
  cleanupRecordName,
  fromConfigMap,
  toConfigMap,
  withProgress,
} from "../../api/cleanup_record.ts";
import type { Clock } from "../../api/clock.ts";
import type { ConfigMap } from "../../api/objects.ts";
import type { EvictionGuard } from "../../api/sidecarset_status.ts";
import { lastManager } from "../../core/field_manager.ts";
import { recordFor } from "../../core/cleanup/record.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { StoredCleanupRecord, UnreadableCleanupRecord } from "../../index/cleanup_records.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import { type Repair, RepairBackoff } from "../repair_backoff.ts";
import type { Writer } from "../writer.ts";

interface CleanupRecordsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  /** The controller's namespace. */
  readonly namespace: string;
  /** Called when a change by another client was repaired. */
  onRepair(repair: Repair): void;
}

/** What this process has last written into a ConfigMap. */
interface Written {
  readonly data: Readonly<Record<string, string>>;
  readonly repairs: RepairBackoff;
}

/** Keeps the records of clean-ups at the API server. Every method rejects with what the API server answers. */
export class CleanupRecords {
  readonly #options: CleanupRecordsOptions;
  /** Last states of SidecarSets that need records: one can be deleted before its record is written. */
  readonly #lastStates = new Map<string, PreparedSidecarSet>();
  /** By the name of the ConfigMap. */
  readonly #written = new Map<string, Written>();

  constructor(options: CleanupRecordsOptions) {
    this.#options = options;
  }

  /** Records the state of a SidecarSet that changed, was created or deleted. */
  observe(name: string): void {
    const { sidecarSets, cleanupRecords } = this.#options.index;
    const current = sidecarSets.get(name);
    if (current !== undefined) {
      const needsRecord = recordFor(current, undefined) !== undefined;
      if (needsRecord || cleanupRecords.of(name).length > 0) this.#lastStates.set(name, current);
      else this.#lastStates.delete(name);
      return;
    }
    const last = this.#lastStates.get(name);
    const own = last && this.#ownRecord(last);
    if (last && own && recordFor(last, own.record) === own.record) this.#lastStates.delete(name);
  }

  /** Forgets a SidecarSet that is deleted and cleaned up. */
  forget(name: string): void {
    this.#lastStates.delete(name);
  }

  /** Forgets writes: another process may have led since. */
  forgetWrites(): void {
    this.#written.clear();
  }

  /** Milliseconds until the record may be written, if another client keeps changing it. */
  waitOf({ sidecarSet: { metadata: { uid = "" } } }: PreparedSidecarSet): number {
    return this.#written.get(cleanupRecordName(uid))?.repairs.wait ?? 0;
  }

  /** Stores the record that the policy of a SidecarSet needs, and deletes those of earlier SidecarSets of its name. */
  async keep(
    prepared: PreparedSidecarSet,
    signal: AbortSignal,
  ): Promise<StoredCleanupRecord | undefined> {
    const { cleanupRecords } = this.#options.index;
    const { name, sidecarSet: { metadata: { uid = "" } } } = prepared;
    const own = this.#ownRecord(prepared);
    const damaged = cleanupRecords.unreadableOf(name)
      .find(({ configMap }) => configMap.metadata.name === cleanupRecordName(uid));
    for (const other of [...cleanupRecords.of(name), ...cleanupRecords.unreadableOf(name)]) {
      if (other !== own && other !== damaged) await this.finish(other, signal);
    }
    const desired = recordFor(prepared, own?.record);
    if (desired !== undefined && desired === own?.record) return own;
    const known = own ?? damaged;
    if (desired !== undefined) {
      return await this.#write(desired, { known: known?.configMap, signal });
    }
    if (known !== undefined) await this.finish(known, signal);
    return undefined;
  }

  /** The record of the last deleted SidecarSet of a name; deletes the records of earlier ones. */
  async ofDeleted(name: string, signal: AbortSignal): Promise<StoredCleanupRecord | undefined> {
    const last = this.#lastStates.get(name);
    if (last !== undefined && last.problems.length === 0) {
      const kept = await this.keep(last, signal);
      this.#lastStates.delete(name);
      return kept;
    }
    const [latest, ...older] = this.#options.index.cleanupRecords.of(name);
    for (const stored of older) await this.finish(stored, signal);
    return latest;
  }

  /** Stores the progress if it changed. */
  async report(
    stored: StoredCleanupRecord,
    progress: CleanupProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace } = this.#options;
    const { data } = toConfigMap(stored.record, { namespace, progress });
    if (isDeepStrictEqual({ ...stored.configMap.data, ...data }, stored.configMap.data)) return;
    await this.#write(stored.record, { known: stored.configMap, progress, signal });
  }

  /** Stores why nothing is cleaned up next to a record that cannot be read, which stays as it is. */
  async reportUnreadable(
    damaged: UnreadableCleanupRecord,
    progress: CleanupProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { writer, index } = this.#options;
    const desired = withProgress(damaged.configMap, progress);
    if (isDeepStrictEqual(desired.data, damaged.configMap.data)) return;
    const configMap = await writer.updateConfigMap(desired, signal);
    index.cleanupRecords.apply({ ...damaged, configMap });
  }

  /** Stores the guards of evictions. */
  async note(
    { record, configMap }: StoredCleanupRecord,
    evictions: readonly EvictionGuard[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#write({ ...record, evictions: [...evictions] }, { known: configMap, signal });
  }

  /** Deletes a record: its clean-up is done or no longer needed. */
  async finish(
    { configMap }: Pick<StoredCleanupRecord, "configMap">,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#options.writer.deleteConfigMap(configMap, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const { name = "" } = configMap.metadata;
    this.#options.index.cleanupRecords.delete(name);
    this.#written.delete(name);
  }

  async #write(
    record: CleanupRecord,
    { known, progress, signal }: {
      known: ConfigMap | undefined;
      progress?: CleanupProgress;
      signal: AbortSignal;
    },
  ): Promise<StoredCleanupRecord> {
    const { writer, index, namespace } = this.#options;
    const desired = toConfigMap(record, { namespace, ...(progress ? { progress } : {}) });
    const configMap: ConfigMap = {
      ...desired,
      data: { ...known?.data, ...desired.data },
      metadata: {
        ...known?.metadata,
        ...desired.metadata,
        labels: { ...known?.metadata.labels, ...desired.metadata.labels },
        annotations: { ...known?.metadata.annotations, ...desired.metadata.annotations },
      },
    };
    const answer = known
      ? await writer.updateConfigMap(configMap, signal)
      : await this.#create(configMap, signal);
    const read = fromConfigMap(answer);
    const stored = { record: read.ok ? read.value : record, configMap: answer };
    index.cleanupRecords.apply(stored);
    this.#noteWrite(answer, { before: known, data: desired.data ?? {} });
    return stored;
  }

  /** Records a write, and reports it if it repaired a change by another client. */
  #noteWrite(
    { metadata: { name = "", namespace = "", uid = "" } }: ConfigMap,
    { before, data }: { before: ConfigMap | undefined; data: Readonly<Record<string, string>> },
  ): void {
    const last = this.#written.get(name);
    const repairs = last?.repairs ?? new RepairBackoff(this.#options.clock);
    this.#written.set(name, { data, repairs });
    const { data: found = {} } = before ?? {};
    if (!last || Object.entries(last.data).every(([key, text]) => found[key] === text)) return;
    repairs.note();
    const { inRow, isContended } = repairs;
    this.#options.onRepair({
      object: { apiVersion: "v1", kind: "ConfigMap", namespace, name, uid },
      manager: before && lastManager(before.metadata),
      inRow,
      isContended,
    });
  }

  /** A record without its label is not watched; its name identifies it. */
  async #create(configMap: ConfigMap, signal: AbortSignal): Promise<ConfigMap> {
    const { writer } = this.#options;
    try {
      return await writer.createConfigMap(configMap, signal);
    } catch (error) {
      if (!isConflict(error)) throw error;
      return await writer.updateConfigMap(configMap, signal);
    }
  }

  #ownRecord({ name, sidecarSet }: PreparedSidecarSet): StoredCleanupRecord | undefined {
    return this.#options.index.cleanupRecords.of(name)
      .find(({ record }) => record.uid === sidecarSet.metadata.uid);
  }
}

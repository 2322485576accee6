import {
  type CleanupProgress,
  type CleanupRecord,
  fromConfigMap,
  toConfigMap,
} from "../api/cleanup_record.ts";
import type { ConfigMap } from "../api/objects.ts";
import type { EvictionGuard } from "../api/sidecarset_status.ts";
import { recordFor } from "../core/cleanup/record.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { StoredCleanupRecord } from "../index/cleanup_records.ts";
import { isNotFound } from "../kube/errors.ts";
import type { Writer } from "./writer.ts";

export interface CleanupRecordsOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  /** The controller's namespace. */
  readonly namespace: string;
}

/** Keeps the records of clean-ups at the API server. Every method rejects with what the API server answers. */
export class CleanupRecords {
  readonly #options: CleanupRecordsOptions;

  constructor(options: CleanupRecordsOptions) {
    this.#options = options;
  }

  /** Gives a SidecarSet the record that its policy needs, and ends clean-ups of others that had its name. */
  async keep(
    prepared: PreparedSidecarSet,
    signal: AbortSignal,
  ): Promise<StoredCleanupRecord | undefined> {
    let own: StoredCleanupRecord | undefined;
    for (const stored of this.#options.index.cleanupRecords.of(prepared.name)) {
      if (stored.record.uid === prepared.sidecarSet.metadata.uid) own = stored;
      else await this.finish(stored, signal);
    }
    const wanted = recordFor(prepared, own?.record);
    if (wanted === own?.record) return own;
    if (wanted !== undefined) return await this.#write(wanted, { known: own, signal });
    if (own !== undefined) await this.finish(own, signal);
    return undefined;
  }

  /** The record of the last SidecarSet that had the name; the clean-ups of those before it are at an end. */
  async latest(name: string, signal: AbortSignal): Promise<StoredCleanupRecord | undefined> {
    const [latest, ...older] = this.#options.index.cleanupRecords.of(name);
    for (const stored of older) await this.finish(stored, signal);
    return latest;
  }

  /** Stores the progress, if it is another than the stored one. */
  async report(
    stored: StoredCleanupRecord,
    progress: CleanupProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace } = this.#options;
    const { data } = toConfigMap(stored.record, { namespace, progress });
    if (JSON.stringify(data) === JSON.stringify(stored.configMap.data)) return;
    await this.#write(stored.record, { known: stored, progress, signal });
  }

  /** Stores what has to be remembered of evictions. */
  async note(
    { record, configMap }: StoredCleanupRecord,
    evictions: readonly EvictionGuard[],
    signal: AbortSignal,
  ): Promise<void> {
    const known = { record, configMap };
    await this.#write({ ...record, evictions: [...evictions] }, { known, signal });
  }

  /** Removes a record: the clean-up is done, or not wanted any more. */
  async finish({ configMap }: StoredCleanupRecord, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.writer.deleteConfigMap(configMap, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#options.index.cleanupRecords.delete(configMap.metadata.name ?? "");
  }

  async #write(
    record: CleanupRecord,
    { known, progress, signal }: {
      known: StoredCleanupRecord | undefined;
      progress?: CleanupProgress;
      signal: AbortSignal;
    },
  ): Promise<StoredCleanupRecord> {
    const { writer, index, namespace } = this.#options;
    const wanted = toConfigMap(record, { namespace, ...(progress ? { progress } : {}) });
    const resourceVersion = known?.configMap.metadata.resourceVersion;
    const configMap: ConfigMap = {
      ...wanted,
      data: { ...known?.configMap.data, ...wanted.data },
      metadata: { ...wanted.metadata, ...(resourceVersion ? { resourceVersion } : {}) },
    };
    const answer = await writer.writeConfigMap(configMap, signal);
    const read = fromConfigMap(answer);
    const stored = { record: read.ok ? read.value : record, configMap: answer };
    index.cleanupRecords.apply(stored);
    return stored;
  }
}

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../api/clock.ts";
import { isObject } from "../api/json.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { EvictionGuard, SidecarSetStatus } from "../api/sidecarset_status.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { pinnedRevision } from "../core/inject/revision_choice.ts";
import { selectionKey } from "../core/registration/selection.ts";
import { conditionsDueAt, isSettled } from "../core/status/conditions.ts";
import { nextEffectiveSince } from "../core/status/effective_since.ts";
import type { RegistrationFacts, StatusFacts } from "../core/status/facts.ts";
import { nextStatus } from "../core/status/next_status.ts";
import { rolloutEvents } from "../core/status/rollout_events.ts";
import { storedProgress } from "../core/status/stored_progress.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import { isConflict } from "../kube/errors.ts";
import type { Events } from "./events.ts";
import { sidecarSetReference } from "./references.ts";
import type { ExplainedPlan } from "./rollouts.ts";
import type { Writer } from "./writer.ts";

/** A status is written at most this often, in milliseconds; half as often after each write that has failed, but once in the longest interval. */
const WRITE_INTERVAL = 1_000;
const LONGEST_INTERVAL = 60_000;
/** How often it is tried whether the API server still keeps less than is written. */
const PRUNING_INTERVAL = 60_000;

export interface StatusesOptions {
  readonly index: ClusterIndex;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<Events, "record">;
  registrationOf(prepared: PreparedSidecarSet): RegistrationFacts;
  /** What is known of a SidecarSet's missed Pods. */
  missedOf?(sidecarSet: string): StatusFacts["missed"];
  /** What is known of workloads that are refused Pods because of a SidecarSet. */
  refusedOf?(sidecarSet: string): StatusFacts["refused"];
  /** Takes over a SidecarSet as the API server stored it, ahead of the watch. */
  onStored(sidecarSet: KubeObject): void;
}

/** What is remembered of one SidecarSet between two looks at it. */
interface Memory {
  writtenAt: number;
  /** Writes that have failed since one that did not. */
  failures: number;
  selection: string;
  /** Numbers that grow as a roll-out goes on, and when they last did. */
  progress: string;
  progressAt: string;
  /** The status that events have told of last. */
  told: SidecarSetStatus | undefined;
  /** What was written, where the API server has not kept all of it. */
  pruned: Pruned | undefined;
}

interface Pruned {
  readonly written: SidecarSetStatus;
  /** Of what was kept. */
  readonly resourceVersion: string | undefined;
  readonly definitions: number;
}

export interface StatusInput {
  readonly prepared: PreparedSidecarSet;
  readonly plan: ExplainedPlan;
  readonly collisionCount: number;
  readonly evictions: readonly EvictionGuard[];
}

/** Writes each SidecarSet's status when it differs from the stored one. */
export class Statuses {
  readonly #options: StatusesOptions;
  readonly #memories = new Map<string, Memory>();
  /** Grows with each CustomResourceDefinition that was found to keep everything. */
  #definitions = 0;
  #pruningTriedAt = -Infinity;

  constructor(options: StatusesOptions) {
    this.#options = options;
  }

  forget(name: string): void {
    this.#memories.delete(name);
  }

  /** @returns milliseconds after which to look again, if the status will change by the passing of time alone */
  async write(input: StatusInput, signal: AbortSignal): Promise<number | undefined> {
    const { clock, writer, onStored } = this.#options;
    const { prepared } = input;
    const { name, sidecarSet } = prepared;
    const memory = this.#remember(input);
    const pruned = this.#prunedFrom(prepared, memory);
    const known = pruned ? pruned.written : sidecarSet.status;
    const facts = this.#facts(input, { memory, known });
    const status = nextStatus(known, facts);
    this.#tell(prepared, { memory, status });
    if (status !== known || (pruned && this.#isDue(pruned))) {
      const interval = Math.min(LONGEST_INTERVAL, WRITE_INTERVAL * 2 ** memory.failures);
      const wait = memory.writtenAt + interval - clock.monotonic();
      if (wait > 0) return wait;
      memory.writtenAt = clock.monotonic();
      if (pruned) this.#pruningTriedAt = clock.monotonic();
      const { uid, resourceVersion } = sidecarSet.metadata;
      const body = withRemovals(sidecarSet.status, status);
      // A conflict is mended by the newer state, which is on its way.
      const stored = await writer.writeStatus({ name, uid, resourceVersion }, body, signal)
        .catch((error) => {
          memory.failures = isConflict(error) ? 0 : memory.failures + 1;
          throw error;
        });
      memory.failures = 0;
      this.#compare(stored, { memory, written: status });
      onStored(stored);
    }
    const dueAt = conditionsDueAt(facts);
    const due = dueAt === undefined ? undefined : Math.max(0, dueAt - clock.now().getTime());
    return memory.pruned ? Math.min(PRUNING_INTERVAL, due ?? Infinity) : due;
  }

  /** What the stored status was pruned from, if nobody has changed it since. */
  #prunedFrom({ sidecarSet }: PreparedSidecarSet, { pruned }: Memory): Pruned | undefined {
    return pruned?.resourceVersion === sidecarSet.metadata.resourceVersion ? pruned : undefined;
  }

  /** Whether it is time to write something again that was not kept. */
  #isDue({ definitions }: Pruned): boolean {
    const age = this.#options.clock.monotonic() - this.#pruningTriedAt;
    return definitions !== this.#definitions || age >= PRUNING_INTERVAL;
  }

  /** An older CustomResourceDefinition prunes what it does not know; to write that again and again would not help. */
  #compare(
    { metadata: { resourceVersion }, ...stored }: KubeObject & { status?: unknown },
    { memory, written }: { memory: Memory; written: SidecarSetStatus },
  ): void {
    const kept = isObject(stored.status) ? stored.status : {};
    const lost = Object.keys(written).filter((key) => !isDeepStrictEqual(kept[key], written[key]));
    if (lost.length === 0) {
      if (memory.pruned) this.#definitions++;
      memory.pruned = undefined;
      return;
    }
    if (this.#pruningTriedAt === -Infinity) {
      this.#options.logger.warn("The CustomResourceDefinition is older than this program", {
        lost: lost.map((key) => `status.${key}`),
        remedy: "Apply the one that sidecarset manifests prints",
      });
    }
    this.#pruningTriedAt = this.#options.clock.monotonic();
    memory.pruned = { written, resourceVersion, definitions: this.#definitions };
  }

  /** Each state is told of, written or not: several may pass between two writes. */
  #tell(
    prepared: PreparedSidecarSet,
    { memory, status }: { memory: Memory; status: SidecarSetStatus },
  ): void {
    const regarding = sidecarSetReference(prepared);
    for (const event of rolloutEvents(memory.told ?? prepared.sidecarSet.status, status)) {
      this.#options.events.record({ ...event, regarding, action: "Update" });
    }
    memory.told = status;
  }

  #facts(
    { prepared, plan, collisionCount, evictions }: StatusInput,
    { memory, known }: { memory: Memory; known: SidecarSetStatus | undefined },
  ): StatusFacts {
    const { index, clock, registrationOf } = this.#options;
    const { sidecarSet: { metadata, spec }, problems } = prepared;
    const now = clock.now();
    const registration = registrationOf(prepared);
    const injectionPaused = spec.injectionStrategy?.paused === true;
    const selection = selectionKey(prepared);
    const effectiveSince = nextEffectiveSince({
      stored: known?.effectiveSince,
      sameSelection: memory.selection === selection,
      injecting: problems.length === 0 && !injectionPaused,
      settled: isSettled(registration, now),
      now,
    });
    if (effectiveSince !== undefined) memory.selection = selection;
    const missed = this.#options.missedOf?.(prepared.name);
    const refused = this.#options.refusedOf?.(prepared.name);
    const { obstacle } = pinnedRevision(prepared, index.revisions.of(prepared.name));
    return {
      generation: metadata.generation ?? 0,
      counts: index.pods.countsOf(prepared.name),
      latestRevision: prepared.revisionName,
      collisionCount,
      evictions,
      ...(effectiveSince ? { effectiveSince } : {}),
      problems,
      injectionPaused,
      ...(obstacle ? { revisionObstacle: obstacle } : {}),
      registration,
      ...(missed ? { missed } : {}),
      ...(refused ? { refused } : {}),
      rollout: {
        reason: plan.reason,
        ...(plan.detail === undefined ? {} : { detail: plan.detail }),
        lastProgress: memory.progressAt,
        progressDeadlineSeconds: progressDeadlineOf(prepared),
      },
      now,
    };
  }

  #remember({ prepared }: StatusInput): Memory {
    const { index, clock } = this.#options;
    const { name, sidecarSet: { metadata, status } } = prepared;
    const counts = index.pods.countsOf(name);
    const progress = JSON.stringify([
      metadata.uid,
      metadata.generation,
      counts.updatedPods,
      counts.updatedReadyPods,
    ]);
    const known = this.#memories.get(name);
    const memory = known ?? {
      writtenAt: -Infinity,
      failures: 0,
      // After a restart a selection is known to be the stored one only if no generation came in between.
      selection: status?.observedGeneration === metadata.generation ? selectionKey(prepared) : "",
      progress: "",
      progressAt: "",
      told: undefined,
      pruned: undefined,
    };
    if (memory.progress !== progress) {
      memory.progress = progress;
      memory.progressAt = (known ? undefined : storedProgress(status, {
        generation: metadata.generation ?? 0,
        counts,
        deadlineSeconds: progressDeadlineOf(prepared),
      })) ?? clock.now().toISOString();
    }
    this.#memories.set(name, memory);
    return memory;
  }
}

/** In seconds. */
function progressDeadlineOf({ sidecarSet: { spec } }: PreparedSidecarSet): number {
  return spec.updateStrategy?.progressDeadlineSeconds ?? 600;
}

/** A merge patch only removes what it names as null. */
function withRemovals(
  previous: SidecarSetStatus | undefined,
  next: SidecarSetStatus,
): SidecarSetStatus {
  const removed = Object.keys(previous ?? {}).filter((key) => !(key in next));
  return { ...next, ...Object.fromEntries(removed.map((key) => [key, null])) };
}

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../api/clock.ts";
import { isObject } from "../../api/json.ts";
import type { Logger } from "../../api/logger.ts";
import type { KubeObject } from "../../api/objects.ts";
import type { EvictionGuard, SidecarSetStatus } from "../../api/sidecarset_status.ts";
import { backoffDelay } from "../../core/backoff.ts";
import { lastManager } from "../../core/field_manager.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { pinnedRevision } from "../../core/inject/revision_choice.ts";
import { isInjecting } from "../../core/registration/selection.ts";
import { conditionsDueAt, isRegistering } from "../../core/status/conditions.ts";
import { nextEffectiveSince } from "../../core/status/effective_since.ts";
import type { RegistrationFacts, StatusFacts } from "../../core/status/facts.ts";
import { isStatusOverwritten, nextStatus } from "../../core/status/next_status.ts";
import { rolloutEvents } from "../../core/status/rollout_events.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import { isConflict, isRetryable, isServerFault } from "../../kube/errors.ts";
import type { Events } from "../events.ts";
import { sidecarSetReference } from "../references.ts";
import type { Repair } from "../repair_backoff.ts";
import { InterimStatuses } from "./interim_statuses.ts";
import type { ExplainedPlan } from "../rollout/engine.ts";
import { progressDeadlineOf, type Pruned, StatusMemory } from "./status_memory.ts";
import type { Writer } from "../writer.ts";

/** Minimum interval between writes of a status; doubles with each failed write. */
const WRITE_INTERVAL_MS = { base: 1_000, max: 60_000 };
/** Failed writes that faults of the API server count for. */
const MAX_FAULTS = 2;
/** How often a pruned status is written again, in case the CustomResourceDefinition was updated. */
const PRUNING_INTERVAL_MS = 60_000;

/** The facts of a status that other controllers know, and how it is written. */
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
  /** Whether it is known which Pods were missed and which workloads are refused Pods; not so soon after the start. */
  arePodsExamined?(sidecarSet: string): boolean;
  /** As the API server has it now. May reject with what it answers. */
  readSidecarSet(name: string, signal: AbortSignal): Promise<Pick<KubeObject, "metadata">>;
  /** Takes over a SidecarSet as the API server stored it, ahead of the watch. */
  onStored(sidecarSet: KubeObject): void;
  /** Called when a change by another client was repaired. */
  onRepair(repair: Repair): void;
}

/** What a status is computed from. */
interface StatusInput {
  readonly prepared: PreparedSidecarSet;
  readonly plan: ExplainedPlan;
  readonly collisionCount: number;
  readonly evictions: readonly EvictionGuard[];
  /** Whether evictions cannot be decided before the registration was compared. */
  readonly areEvictionsUndecided: boolean;
}

/** Writes each SidecarSet's status when it differs from the stored one. */
export class Statuses {
  readonly #options: StatusesOptions;
  readonly #memories = new Map<string, StatusMemory>();
  /** Grows with each CustomResourceDefinition that was found to keep everything. */
  #definitions = 0;
  #pruningTriedAt = -Infinity;
  readonly #interim: InterimStatuses;

  constructor(options: StatusesOptions) {
    this.#options = options;
    this.#interim = new InterimStatuses(options.clock);
  }

  forget(name: string): void {
    this.#memories.delete(name);
    this.#interim.forget(name);
  }

  forgetAll(): void {
    this.#memories.clear();
    this.#interim.forgetAll();
  }

  /** Whether a status is the one that this process wrote last; also while the answer is on its way. */
  hasWritten(name: string, status: SidecarSetStatus | undefined): boolean {
    const { written } = this.#memories.get(name) ?? {};
    return written !== undefined && isDeepStrictEqual(written, status);
  }

  /** @returns milliseconds after which to reconcile again, if time alone changes the status */
  async write(input: StatusInput, signal: AbortSignal): Promise<number | undefined> {
    const { clock } = this.#options;
    const { prepared } = input;
    const memory = this.#remember(prepared);
    const pruned = this.#prunedFrom(prepared, memory);
    const known = pruned ? pruned.written : prepared.sidecarSet.status;
    const facts = this.#facts(input, { memory, known });
    const status = nextStatus(known, facts);
    this.#reportEvents(prepared, { memory, status });
    const dueAt = conditionsDueAt(facts);
    const due = dueAt === undefined ? undefined : Math.max(0, dueAt - clock.now().getTime());
    const isExamined = this.#isExamined(input, { facts, status });
    const { since } = memory;
    const interimWait = this.#interim.waitOf(prepared, { since, status, isExamined });
    if (interimWait > 0) return Math.min(interimWait, due ?? Infinity);
    if (status !== known || (pruned && this.#isDue(pruned))) {
      const isRepair = memory.kept !== undefined &&
        isStatusOverwritten(prepared.sidecarSet.status, memory.kept);
      const wait = this.#waitOf(memory, { isRepair });
      if (wait > 0) return wait;
      if (pruned) this.#pruningTriedAt = clock.monotonic();
      const manager = isRepair ? await this.#managerOf(prepared.name, signal) : undefined;
      await this.#store({ prepared, memory, status }, signal);
      if (isRepair) this.#repaired(prepared, { memory, manager });
    }
    return memory.pruned ? Math.min(PRUNING_INTERVAL_MS, due ?? Infinity) : due;
  }

  /** Whether this process has examined all that a status reports. */
  #isExamined(
    { prepared, areEvictionsUndecided }: StatusInput,
    { facts, status }: { facts: StatusFacts; status: SidecarSetStatus },
  ): boolean {
    const isRegistrationKnown = !areEvictionsUndecided &&
      !(facts.registration.isUnknown && isRegistering(status));
    return isRegistrationKnown && (this.#options.arePodsExamined?.(prepared.name) ?? true);
  }

  /** Milliseconds until the status may be written. */
  #waitOf(
    memory: StatusMemory,
    { isRepair }: { isRepair: boolean },
  ): number {
    const interval = backoffDelay(memory.failures, WRITE_INTERVAL_MS);
    const wait = memory.writtenAt + interval - this.#options.clock.monotonic();
    return Math.max(wait, isRepair ? memory.repairs.wait : 0);
  }

  async #store(
    { prepared, memory, status }: {
      prepared: PreparedSidecarSet;
      memory: StatusMemory;
      status: SidecarSetStatus;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, index, writer, onStored } = this.#options;
    const { name, sidecarSet } = prepared;
    const { uid, resourceVersion } = sidecarSet.metadata;
    memory.writtenAt = clock.monotonic();
    memory.written = status;
    const body = withRemovals(sidecarSet.status, status);
    const stored = await writer.writeStatus({ name, uid, resourceVersion }, body, signal)
      .catch((error) => {
        // The watch brings the newer state.
        memory.failures = isConflict(error) ? 0 : memory.failures + 1;
        // A fault of the API server must not delay what is written after it.
        if (isServerFault(error)) memory.failures = Math.min(MAX_FAULTS, memory.failures);
        // What is there now may be this or what was there before.
        if (isRetryable(error)) memory.kept = undefined;
        throw error;
      });
    memory.failures = 0;
    this.#compare(stored, { memory, written: status });
    onStored(stored);
    memory.shareWith(index.sidecarSets.get(name)?.sidecarSet.status);
  }

  #repaired(
    prepared: PreparedSidecarSet,
    { memory: { repairs }, manager }: { memory: StatusMemory; manager: string | undefined },
  ): void {
    repairs.note();
    const { inRow, isContended } = repairs;
    const object = sidecarSetReference(prepared);
    this.#options.onRepair({ object, manager, inRow, isContended });
  }

  /** The field manager that last changed a status; the index does not keep it. */
  async #managerOf(name: string, signal: AbortSignal): Promise<string | undefined> {
    const { metadata } = await this.#options.readSidecarSet(name, signal);
    return lastManager(metadata, "status");
  }

  /** What the stored status was pruned from, if it has not changed since. */
  #prunedFrom({ sidecarSet }: PreparedSidecarSet, { pruned }: StatusMemory): Pruned | undefined {
    return pruned?.resourceVersion === sidecarSet.metadata.resourceVersion ? pruned : undefined;
  }

  /** Whether it is time to write something again that was not kept. */
  #isDue({ definitions }: Pruned): boolean {
    const age = this.#options.clock.monotonic() - this.#pruningTriedAt;
    return definitions !== this.#definitions || age >= PRUNING_INTERVAL_MS;
  }

  /** An older CustomResourceDefinition prunes what it does not know; to write that again and again would not help. */
  #compare(
    { metadata: { resourceVersion }, ...stored }: KubeObject & { status?: unknown },
    { memory, written }: { memory: StatusMemory; written: SidecarSetStatus },
  ): void {
    const kept = isObject(stored.status) ? stored.status : {};
    memory.kept = kept;
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

  /** Reports every state, written or not: several can pass between two writes. */
  #reportEvents(
    prepared: PreparedSidecarSet,
    { memory, status }: { memory: StatusMemory; status: SidecarSetStatus },
  ): void {
    const regarding = sidecarSetReference(prepared);
    for (const event of rolloutEvents(memory.reported ?? prepared.sidecarSet.status, status)) {
      this.#options.events.record({ ...event, regarding, action: "Update" });
    }
    memory.reported = status;
  }

  #facts(
    { prepared, plan, collisionCount, evictions }: StatusInput,
    { memory, known }: { memory: StatusMemory; known: SidecarSetStatus | undefined },
  ): StatusFacts {
    const { index, clock, registrationOf } = this.#options;
    const { sidecarSet: { metadata, spec }, problems } = prepared;
    const now = clock.now();
    const counts = index.pods.countsOf(prepared.name);
    const registration = registrationOf(prepared);
    const injectionPaused = spec.injectionStrategy?.paused === true;
    const effective = nextEffectiveSince({
      prepared,
      status: known,
      injecting: isInjecting(prepared) && registration.obstacle?.reason !== "ScopeTooLarge",
      registeredSince: registration.registeredSince,
      now,
    });
    const missed = this.#options.missedOf?.(prepared.name);
    const refused = this.#options.refusedOf?.(prepared.name);
    const { obstacle } = pinnedRevision(prepared, index.revisions.of(prepared.name));
    return {
      generation: metadata.generation ?? 0,
      counts,
      latestRevision: prepared.revisionName,
      collisionCount,
      evictions,
      effective,
      problems,
      injectionPaused,
      ...(obstacle ? { revisionObstacle: obstacle } : {}),
      registration,
      ...(missed ? { missed } : {}),
      ...(refused ? { refused } : {}),
      rollout: {
        reason: plan.reason,
        ...(plan.detail === undefined ? {} : { detail: plan.detail }),
        lastProgress: memory.progressAt(prepared, { counts, now }),
        progressDeadlineSeconds: progressDeadlineOf(prepared),
      },
      now,
    };
  }

  #remember(prepared: PreparedSidecarSet): StatusMemory {
    const { name, sidecarSet } = prepared;
    const known = this.#memories.get(name);
    // A SidecarSet can be recreated without a deletion that is seen.
    if (known && known.uid === sidecarSet.metadata.uid) return known;
    const { index, clock } = this.#options;
    const memory = new StatusMemory(prepared, { counts: index.pods.countsOf(name), clock });
    this.#memories.set(name, memory);
    return memory;
  }
}

/** A merge patch only removes what it names as null. */
function withRemovals(
  previous: SidecarSetStatus | undefined,
  next: SidecarSetStatus,
): SidecarSetStatus {
  const removed = Object.keys(previous ?? {}).filter((key) => !(key in next));
  return { ...next, ...Object.fromEntries(removed.map((key) => [key, null])) };
}

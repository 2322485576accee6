import type { ObservedPod } from "../../core/observed_pod.ts";
import type { Clock } from "../../api/clock.ts";
import { controllerOf } from "../../core/cleanup/eviction.ts";
import type { Obstacle } from "../../core/reasons.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Events } from "../events.ts";
import { podReference, sidecarSetReference, workloadReference } from "../references.ts";
import { TokenBucket } from "../token_bucket.ts";

/** Pods of one workload that get an event each; client-go's event aggregator has the same bounds. */
const MAX_PODS_PER_WORKLOAD = 10;
const WINDOW_MS = 600_000;
/** Bound of all Pods and workloads: as many at once, and one a second in the long run. */
const RATE = { burst: 100, perSecond: 1 };
/** `Events` writes the event of a workload at most as often. */
const WORKLOAD_INTERVAL_MS = 60_000;

interface PodEventsOptions {
  readonly clock: Clock;
  readonly events: Pick<Events, "record">;
}

/** A missed Pod, and why the SidecarSet was not injected into it; undefined until that is known. */
export interface MissedPod {
  readonly pod: ObservedPod;
  readonly finding: Obstacle | undefined;
}

/** Events of one workload for one SidecarSet and reason. */
interface Workload {
  /** When the window began in which its Pods are counted; monotonic. */
  readonly since: number;
  pods: number;
  /** Until when its own event costs no further token: it is written at most once a minute. */
  paidUntil: number;
}

/**
 * Events of missed Pods, so that `kubectl describe pod` has the reason. The first Pods of a workload have one each; for
 * further ones the workload has an event with a series. A token bucket bounds the writes of a storm: what exceeds it
 * is only in the SidecarSet's event and counts.
 */
export class MissedPodEvents {
  readonly #options: PodEventsOptions;
  /** By SidecarSet: UIDs of the missed Pods that have been handled. */
  readonly #known = new Map<string, Set<string>>();
  readonly #workloads = new Map<string, Workload>();
  readonly #bucket: TokenBucket;

  constructor(options: PodEventsOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket({ ...options, ...RATE });
  }

  /**
   * Records events of the Pods that are missed since the last call.
   *
   * @param missed all missed Pods of the SidecarSet
   * @param isReported whether an earlier leader has written their events
   */
  report(
    prepared: PreparedSidecarSet,
    missed: Iterable<MissedPod>,
    { isReported = false }: { isReported?: boolean } = {},
  ): void {
    const { clock } = this.#options;
    this.#forgetWindows();
    const before = this.#known.get(prepared.name);
    const known = new Set<string>();
    for (const { pod, finding } of missed) {
      const { uid = "", creationTimestamp = "" } = pod.metadata;
      const isKnown = before?.has(uid) === true;
      if (isKnown || finding !== undefined) known.add(uid);
      if (isKnown || finding === undefined) continue;
      // An earlier leader has reported an older Pod.
      const isRecent = clock.now().getTime() - Date.parse(creationTimestamp) < WINDOW_MS;
      if (isRecent && !isReported) this.#record(prepared, pod, finding);
    }
    this.#known.set(prepared.name, known);
  }

  /** Forgets the Pods of a SidecarSet that has no missed Pods. */
  forget(sidecarSet: string): void {
    this.#known.delete(sidecarSet);
  }

  #record(
    prepared: PreparedSidecarSet,
    pod: ObservedPod,
    { reason, message }: Obstacle,
  ): void {
    const { clock, events } = this.#options;
    const now = clock.monotonic();
    const owner = controllerOf(pod);
    const note = `SidecarSet ${prepared.name} is not injected: ${message}`;
    const event = {
      related: sidecarSetReference(prepared),
      ...{ type: "Warning", reason, action: "Inject", note } as const,
    };
    const key = `${prepared.name}/${reason}/${owner?.uid ?? pod.metadata.uid}`;
    const known = this.#workloads.get(key) ?? { since: now, pods: 0, paidUntil: -Infinity };
    if (owner === undefined || known.pods < MAX_PODS_PER_WORKLOAD) {
      if (!this.#bucket.take()) return;
      known.pods++;
      events.record({ ...event, regarding: podReference(pod) });
    } else {
      if (known.paidUntil <= now) {
        if (!this.#bucket.take()) return;
        known.paidUntil = now + WORKLOAD_INTERVAL_MS;
      }
      events.record({ ...event, regarding: workloadReference(pod, owner) });
    }
    this.#workloads.set(key, known);
  }

  /** Oldest first: they were added in the order of their beginning. */
  #forgetWindows(): void {
    const now = this.#options.clock.monotonic();
    for (const [key, { since }] of this.#workloads) {
      if (now - since < WINDOW_MS) return;
      this.#workloads.delete(key);
    }
  }
}

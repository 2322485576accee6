import type { Clock } from "../../api/clock.ts";
import type { ObservedPod } from "../../core/observed_pod.ts";
import type { Obstacle } from "../../core/reasons.ts";

/** An obstacle can disappear without a watch event, so it is checked again after this time. */
const RECHECK_INTERVAL_MS = 300_000;

interface Finding {
  readonly obstacle: Obstacle;
  readonly specKey: string;
  /** Of the Pod. */
  readonly resourceVersion: string | undefined;
  /** Monotonic. */
  readonly until: number;
}

/** Obstacles to the eviction of one SidecarSet's Pods, cached so that plans do not repeat dry runs. */
export class EvictionFindings {
  readonly #clock: Clock;
  /** By uid, oldest first. */
  readonly #findings = new Map<string, Finding>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the first finding expires; undefined if there is none. */
  get wait(): number | undefined {
    const first = this.#findings.values().next().value;
    return first && Math.max(0, first.until - this.#clock.monotonic());
  }

  /** The obstacle of a Pod, unless the Pod or the SidecarSet has changed since. */
  of(
    { metadata: { uid = "", resourceVersion } }: ObservedPod,
    specKey: string,
  ): Obstacle | undefined {
    const known = this.#findings.get(uid);
    const holds = known?.specKey === specKey && known?.resourceVersion === resourceVersion;
    return holds ? known?.obstacle : undefined;
  }

  record(
    { metadata: { uid = "", resourceVersion } }: ObservedPod,
    { specKey, obstacle }: { specKey: string; obstacle: Obstacle },
  ): void {
    const until = this.#clock.monotonic() + RECHECK_INTERVAL_MS;
    this.#findings.delete(uid);
    this.#findings.set(uid, { obstacle, specKey, resourceVersion, until });
  }

  forgetOld(): void {
    const now = this.#clock.monotonic();
    for (const [uid, { until }] of this.#findings) {
      if (until > now) break;
      this.#findings.delete(uid);
    }
  }
}

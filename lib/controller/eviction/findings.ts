import type { Clock } from "../../api/clock.ts";
import type { Pod } from "../../api/pod.ts";
import type { ReplacementObstacle } from "../../core/cleanup/replacement.ts";

/** What is in a Pod's way may go without an event that tells of it: it is looked for again after so many milliseconds. */
const LOOK_AGAIN = 300_000;

interface Finding {
  readonly obstacle: ReplacementObstacle;
  readonly wish: string;
  /** Of the Pod. */
  readonly resourceVersion: string | undefined;
  /** On the clock that only grows. */
  readonly until: number;
}

/** What is in the way of evicting one SidecarSet's Pods and lies in each of them, so that it is not found out anew with each plan. */
export class EvictionFindings {
  readonly #clock: Clock;
  /** By uid, in the order in which they were found, which is that in which they go. */
  readonly #findings = new Map<string, Finding>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the first finding goes; undefined where there is none. */
  get wait(): number | undefined {
    const first = this.#findings.values().next().value;
    return first && Math.max(0, first.until - this.#clock.monotonic());
  }

  /** What is known of a Pod, unless it or what is wanted of it has changed since. */
  of(
    { metadata: { uid = "", resourceVersion } }: Pod,
    wish: string,
  ): ReplacementObstacle | undefined {
    const known = this.#findings.get(uid);
    const holds = known?.wish === wish && known?.resourceVersion === resourceVersion;
    return holds ? known?.obstacle : undefined;
  }

  record(
    { metadata: { uid = "", resourceVersion } }: Pod,
    { wish, obstacle }: { wish: string; obstacle: ReplacementObstacle },
  ): void {
    const until = this.#clock.monotonic() + LOOK_AGAIN;
    this.#findings.delete(uid);
    this.#findings.set(uid, { obstacle, wish, resourceVersion, until });
  }

  forgetOld(): void {
    const now = this.#clock.monotonic();
    for (const [uid, { until }] of this.#findings) {
      if (until > now) break;
      this.#findings.delete(uid);
    }
  }
}

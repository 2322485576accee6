import { NO_PODS, type PodCounts, recount } from "../core/status/counts.ts";
import { hasTrait, type PodClass, PodTrait } from "../core/status/pod_class.ts";

/** What one SidecarSet has among the Pods, by their keys; kept up to date in constant time as a Pod changes. */
export class Members {
  readonly #classes = new Map<string, PodClass>();
  readonly #outdated = new Set<string>();
  readonly #halfUpgraded = new Set<string>();
  readonly #drifted = new Set<string>();
  readonly #rewritten = new Set<string>();
  readonly #missed = new Set<string>();
  readonly #unready = new Set<string>();
  #settling: Set<string> | undefined;
  #counts: PodCounts = NO_PODS;

  get classes(): ReadonlyMap<string, PodClass> {
    return this.#classes;
  }

  get counts(): PodCounts {
    return this.#counts;
  }

  /** Matched, without the current hash. */
  get outdated(): ReadonlySet<string> {
    return this.#outdated;
  }

  /** Both halves of a hot-upgrade pair run a real image. */
  get halfUpgraded(): ReadonlySet<string> {
    return this.#halfUpgraded;
  }

  /** Updated, with an image that somebody has changed since. */
  get drifted(): ReadonlySet<string> {
    return this.#drifted;
  }

  /** With images rewritten at admission that are not recorded in the Pod yet. */
  get rewritten(): ReadonlySet<string> {
    return this.#rewritten;
  }

  /** Not injected, though they should have been. */
  get missed(): ReadonlySet<string> {
    return this.#missed;
  }

  /** Matched, but not ready. */
  get unready(): ReadonlySet<string> {
    return this.#unready;
  }

  /** Updated and ready, and changed since they were last found to have been so for long; all of them when first asked for. */
  get settling(): ReadonlySet<string> {
    this.#settling ??= new Set(
      this.#classes.entries().filter(([, podClass]) => isDone(podClass)).map(([key]) => key),
    );
    return this.#settling;
  }

  /** A Pod has been updated and ready for long. */
  settled(key: string): void {
    this.#settling?.delete(key);
  }

  /** Forgets which Pods have settled. */
  restartSettling(): void {
    this.#settling = undefined;
  }

  /**
   * Takes over a Pod's class; 0 is that of a Pod that is not there any more.
   *
   * @returns whether a plan may come out otherwise now: the class is another one, or the Pod is one that plans read
   */
  set(key: string, after: PodClass): boolean {
    const before = this.#classes.get(key) ?? 0;
    this.#counts = recount(this.#counts, before, after);
    if (after === 0) this.#classes.delete(key);
    else this.#classes.set(key, after);
    const matched = hasTrait(after, PodTrait.Matched);
    const outdated = matched && !hasTrait(after, PodTrait.Updated);
    const halfUpgraded = hasTrait(after, PodTrait.HalfUpgraded);
    const drifted = hasTrait(after, PodTrait.Drifted);
    const rewritten = hasTrait(after, PodTrait.Rewritten);
    include(this.#outdated, key, outdated);
    include(this.#halfUpgraded, key, halfUpgraded);
    include(this.#drifted, key, drifted);
    include(this.#rewritten, key, rewritten);
    include(this.#missed, key, hasTrait(after, PodTrait.Missed));
    include(this.#unready, key, matched && !hasTrait(after, PodTrait.Ready));
    if (this.#settling) include(this.#settling, key, isDone(after));
    return before !== after || outdated || halfUpgraded || drifted || rewritten;
  }
}

function isDone(podClass: PodClass): boolean {
  return hasTrait(podClass, PodTrait.Updated) && hasTrait(podClass, PodTrait.Ready);
}

function include(set: Set<string>, key: string, wanted: boolean): void {
  if (wanted) set.add(key);
  else set.delete(key);
}

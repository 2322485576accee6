import {
  hasTrait,
  isOutdated,
  NO_PODS,
  type PodClass,
  type PodCounts,
  PodTrait,
  recount,
} from "../core/status/pod_class.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { PartedMap, PartedSet, type ReadonlyParts } from "./parts.ts";
import type { PlanBasis } from "./plan_basis.ts";

/** Reading a class is much cheaper than reading a Pod. */
const CLASSES_PER_STEP = 1_000;

/** Keys of the Pods of one SidecarSet by state; updated in O(1) when a Pod changes. */
export class Members {
  readonly #classes = new PartedMap<string, PodClass>();
  readonly #outdated = new PartedSet<string>();
  readonly #halfUpgraded = new PartedSet<string>();
  readonly #drifted = new PartedSet<string>();
  readonly #rewritten = new PartedSet<string>();
  readonly #missed = new PartedSet<string>();
  readonly #unready = new PartedSet<string>();
  /** Notices changes of the Pods that the last plan was made from. */
  planBasis: PlanBasis | undefined;
  #settling: PartedSet<string> | undefined;
  #counts: PodCounts = NO_PODS;

  get classes(): ReadonlyParts<string, PodClass> {
    return this.#classes;
  }

  get counts(): PodCounts {
    return this.#counts;
  }

  /** Matched, without the current hash. */
  get outdated(): Iterable<string> {
    return this.#outdated;
  }

  /** Both halves of a hot-upgrade pair run a real image. */
  get halfUpgraded(): Iterable<string> {
    return this.#halfUpgraded;
  }

  /** Updated, with an image that another client changed since. */
  get drifted(): Iterable<string> {
    return this.#drifted;
  }

  /** Images were rewritten at admission, without a record in the Pod yet. */
  get rewritten(): Iterable<string> {
    return this.#rewritten;
  }

  /** Created without the sidecars that they should have. */
  get missed(): Iterable<string> {
    return this.#missed;
  }

  /** Matched, but not ready. */
  get unready(): Iterable<string> {
    return this.#unready;
  }

  /** Updated and ready, and changed since `settled()` was last called for them; empty before `collectSettling()`. */
  get settling(): Iterable<string> {
    return this.#settling ?? [];
  }

  /** Collects all updated and ready Pods, unless that was done since they were last restarted. */
  *collectSettling(): Steps<void> {
    if (this.#settling !== undefined) return;
    // Pods that change between two steps are collected by `set()`.
    const settling = new PartedSet<string>();
    this.#settling = settling;
    yield* forEachInSteps(this.#classes, ([key, podClass]) => {
      if (isDone(podClass)) settling.add(key);
    }, CLASSES_PER_STEP);
  }

  /** Removes a Pod that has been updated and ready for `minReadySeconds`. */
  settled(key: string): void {
    this.#settling?.delete(key);
  }

  /** All updated and ready Pods are settling again. */
  restartSettling(): void {
    this.#settling = undefined;
  }

  /**
   * @param after the class of the Pod; 0 removes it
   * @returns whether a plan can change: the class changed, or plans read the Pod itself
   */
  set(key: string, after: PodClass): boolean {
    const before = this.#classes.get(key) ?? 0;
    this.#counts = recount(this.#counts, before, after);
    this.planBasis?.note(key, { before, after });
    if (after === 0) this.#classes.delete(key);
    else this.#classes.set(key, after);
    const matched = hasTrait(after, PodTrait.Matched);
    const outdated = isOutdated(after);
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

/** What plans track of the Pods. */
export type TrackedPods = Pick<
  Members,
  "planBasis" | "settling" | "collectSettling" | "settled" | "restartSettling"
>;

function isDone(podClass: PodClass): boolean {
  return hasTrait(podClass, PodTrait.Updated) && hasTrait(podClass, PodTrait.Ready);
}

function include(set: PartedSet<string>, key: string, isMember: boolean): void {
  if (isMember) set.add(key);
  else set.delete(key);
}

/** The SidecarSets of either state of a Pod. */
export function touched(
  before: ReadonlyMap<string, PodClass> | undefined,
  after: ReadonlyMap<string, PodClass> | undefined,
): string[] {
  return [...new Set([...before?.keys() ?? [], ...after?.keys() ?? []])];
}

/** Whether a Pod has the same class for each SidecarSet. */
export function sameClasses(
  a: ReadonlyMap<string, PodClass>,
  b: ReadonlyMap<string, PodClass>,
): boolean {
  return a.size === b.size && [...a].every(([name, podClass]) => b.get(name) === podClass);
}

import { hasTrait, isOutdated, type PodClass, PodTrait } from "../core/status/pod_class.ts";

/**
 * Whether the Pods that a plan was made from are still the same, apart from its own updates. A plan whose basis holds
 * leaves no fewer Pods outdated than another one would.
 */
export class PlanBasis {
  readonly #own: Set<string>;
  #holds = true;

  /** @param own keys of the Pods whose updates are under way: the plan counts with them */
  constructor(own: Iterable<string>) {
    this.#own = new Set(own);
  }

  /** False for good once a matched Pod has come or gone, or an outdated one was changed by others. */
  get holds(): boolean {
    return this.#holds;
  }

  /** Records that the plan's own update of a Pod starts. */
  addOwn(key: string): void {
    this.#own.add(key);
  }

  /** Compares two classes of a Pod; equal ones where the Pod itself has changed. */
  note(key: string, { before, after }: { before: PodClass; after: PodClass }): void {
    const cameOrWent = hasTrait(before, PodTrait.Matched) !== hasTrait(after, PodTrait.Matched);
    const isForeign = (isOutdated(before) || isOutdated(after)) && !this.#own.has(key);
    if (cameOrWent || isForeign) this.#holds = false;
  }
}

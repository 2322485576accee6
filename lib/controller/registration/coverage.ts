import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { PermanentCoverage } from "../../core/registration/pending.ts";
import { coverageKey } from "../../core/registration/selection.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import type { RegisteredConfiguration } from "./configuration.ts";

/** Comparing a key is cheap. */
const NAMES_PER_STEP = 500;

interface Covered {
  readonly key: string;
  readonly since: Date;
}

/** Coverage keys of SidecarSets, cached per spec: states that differ in the status only share one. */
export class CoverageKeys {
  readonly #known = new WeakMap<SidecarSetSpec, string>();

  /** Text that is equal for two states that need the same registration. */
  of(prepared: PreparedSidecarSet): string {
    const { spec } = prepared.sidecarSet;
    const known = this.#known.get(spec);
    if (known !== undefined) return known;
    const want = coverageKey(prepared);
    this.#known.set(spec, want);
    return want;
  }
}

/** Since when the active webhook registration has covered each SidecarSet's current selection and failure policy. */
export class Coverage {
  readonly #covered = new Map<string, Covered>();
  readonly #keys: CoverageKeys;
  #losses = 0;

  constructor(keys: CoverageKeys) {
    this.#keys = keys;
  }

  /** Since when new Pods that this SidecarSet selects have come to the webhook; undefined while they do not. */
  since(prepared: PreparedSidecarSet): Date | undefined {
    const covered = this.#covered.get(prepared.name);
    return covered?.key === this.#keys.of(prepared) ? covered.since : undefined;
  }

  /** How permanent entries of the MutatingWebhookConfiguration cover SidecarSets at this time. */
  permanentIn(
    { isConfirmed, repairs }: Pick<RegisteredConfiguration, "isConfirmed" | "repairs">,
  ): (prepared: PreparedSidecarSet) => PermanentCoverage {
    if (repairs.isContended) return () => "none";
    // After a change by another client, the last write may have to be repeated.
    return (prepared) => (isConfirmed ? this.since(prepared) : undefined) ?? "awaited";
  }

  /**
   * Records that the registration planned for these SidecarSets is active, until it is lost between two steps.
   *
   * @returns the names whose coverage changed
   */
  *activate(
    sidecarSets: readonly PreparedSidecarSet[],
    options: {
      uncovered: ReadonlyMap<string, unknown>;
      /** SidecarSets whose Pods the API server injects by itself. */
      injectedByPolicy?: ReadonlySet<string>;
      since: Date;
    },
  ): Steps<string[]> {
    const losses = this.#losses;
    const names = new Set<string>();
    yield* forEachInSteps(sidecarSets, ({ name }) => void names.add(name), NAMES_PER_STEP);
    const changed: string[] = [];
    yield* forEachInSteps(this.#covered.keys(), (name) => {
      if (!names.has(name)) this.#covered.delete(name);
    }, NAMES_PER_STEP);
    yield* forEachInSteps(sidecarSets, (prepared) => {
      if (this.#losses !== losses) return;
      const { name } = prepared;
      if (options.uncovered.has(name) || options.injectedByPolicy?.has(name)) {
        if (this.#covered.delete(name)) changed.push(name);
        return;
      }
      if (this.since(prepared)) return;
      this.#covered.set(name, { key: this.#keys.of(prepared), since: options.since });
      changed.push(name);
    }, NAMES_PER_STEP);
    return changed;
  }

  /** Another client changed or deleted the registration. @returns the names that were covered */
  lost(): string[] {
    const names = [...this.#covered.keys()];
    this.#losses++;
    this.#covered.clear();
    return names;
  }
}

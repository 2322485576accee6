import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { coverageKey } from "../../core/registration/selection.ts";

interface Covered {
  readonly wanted: string;
  readonly since: Date;
}

/** What SidecarSets want of the registration, worked out once for each state of one. */
export class RegistrationWants {
  readonly #known = new WeakMap<PreparedSidecarSet, string>();

  /** Text that is equal for two states of a SidecarSet if they want the same. */
  of(prepared: PreparedSidecarSet): string {
    const known = this.#known.get(prepared);
    if (known !== undefined) return known;
    const want = coverageKey(prepared);
    this.#known.set(prepared, want);
    return want;
  }
}

/** Since when the webhook registration in force has covered each SidecarSet's current selection, with its failure policy. */
export class Coverage {
  readonly #covered = new Map<string, Covered>();
  readonly #wants: RegistrationWants;

  constructor(wants: RegistrationWants) {
    this.#wants = wants;
  }

  /** Since when new Pods that this SidecarSet selects have come to the webhook; undefined while they do not. */
  since(prepared: PreparedSidecarSet): Date | undefined {
    const covered = this.#covered.get(prepared.name);
    return covered?.wanted === this.#wants.of(prepared) ? covered.since : undefined;
  }

  /** The registration in force is the one planned for these SidecarSets. Returns the names for which something changed. */
  inForce(
    sidecarSets: readonly PreparedSidecarSet[],
    options: { uncovered: ReadonlyMap<string, unknown>; since: Date },
  ): string[] {
    const names = new Set(sidecarSets.map(({ name }) => name));
    for (const name of this.#covered.keys()) if (!names.has(name)) this.#covered.delete(name);
    const changed: string[] = [];
    for (const prepared of sidecarSets) {
      const { name } = prepared;
      if (options.uncovered.has(name)) {
        if (this.#covered.delete(name)) changed.push(name);
        continue;
      }
      if (this.since(prepared)) continue;
      this.#covered.set(name, { wanted: this.#wants.of(prepared), since: options.since });
      changed.push(name);
    }
    return changed;
  }

  /** Somebody else changed or deleted the registration: nothing is certain. Returns the names that were covered. */
  lost(): string[] {
    const names = [...this.#covered.keys()];
    this.#covered.clear();
    return names;
  }
}

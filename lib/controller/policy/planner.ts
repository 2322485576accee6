import { isDeepStrictEqual } from "node:util";
import type { OwnerReference } from "../../api/meta.ts";
import {
  createMechanismPlanner,
  type MechanismInput,
  type MechanismPlan,
} from "../../core/admission_policy/plan.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Obstacle } from "../../core/reasons.ts";
import { coverageKey, isInjecting } from "../../core/registration/selection.ts";

/** The facts from which the policy and its binding follow. */
export interface PolicyPlannerOptions {
  readonly excludedNamespaces: readonly string[];
  readonly revisionsOf: MechanismInput["revisionsOf"];
  sidecarSets(): ReadonlyMap<string, PreparedSidecarSet>;
  /** Those among them that ask for the policy. */
  usingPolicy(): readonly PreparedSidecarSet[];
}

const NO_SETS: MechanismPlan = { policy: new Map(), webhook: new Map() };

/** The last plan of what injects each SidecarSet, with the states that it was made from. */
export class PolicyPlanner {
  readonly #options: PolicyPlannerOptions;
  readonly #planMechanisms = createMechanismPlanner();
  #plan = NO_SETS;
  /** Selections of the plan and of the one before, by SidecarSet and key. */
  #selections: readonly ReadonlyMap<string, string>[] = [];
  /** uid and generation, by name. */
  #plannedFrom: ReadonlyMap<string, string> = new Map();

  constructor(options: PolicyPlannerOptions) {
    this.#options = options;
  }

  get plan(): MechanismPlan {
    return this.#plan;
  }

  /** Whether any SidecarSet asks for the policy. */
  get isUsed(): boolean {
    return this.#options.usingPolicy().length > 0;
  }

  /** Whether the plan was made from this state of a SidecarSet. */
  isOf(prepared: PreparedSidecarSet): boolean {
    return this.#plannedFrom.get(prepared.name) === stateOf(prepared);
  }

  /**
   * Plans again, unless the revision of a SidecarSet is not stored yet: its time becomes a part of the policy.
   *
   * @returns whether it planned
   */
  update(owner: OwnerReference | undefined): boolean {
    const { sidecarSets, usingPolicy, revisionsOf, excludedNamespaces } = this.#options;
    const using = usingPolicy();
    if (using.some((each) => isInjecting(each) && each.revisionName === "")) return false;
    const all = [...sidecarSets().values()];
    const input = { sidecarSets: all, revisionsOf, excludedNamespaces };
    this.#set(
      using.length === 0
        ? NO_SETS
        : this.#planMechanisms({ ...input, ...(owner ? { owner } : {}) }),
    );
    return true;
  }

  /** Plans that the webhook injects all SidecarSets. */
  unavailable(problem: string): void {
    const obstacle = unavailable(problem);
    this.#set({
      policy: new Map(),
      webhook: new Map(this.#options.usingPolicy().map(({ name }) => [name, obstacle])),
    });
  }

  /** The selection of a SidecarSet in a stored policy; undefined if this process has not planned that policy. */
  selectionOf(name: string, key: string): string | undefined {
    const selections = this.#selections.find((each) => each.has(memberKey(name, key)));
    return selections?.get(memberKey(name, key));
  }

  #set(plan: MechanismPlan): void {
    const using = this.#options.usingPolicy();
    const selections = new Map(using.flatMap((each) => {
      const key = plan.policy.get(each.name);
      return key === undefined ? [] : [[memberKey(each.name, key), coverageKey(each)]];
    }));
    const [last] = this.#selections;
    if (!isDeepStrictEqual(selections, last)) {
      this.#selections = [selections, ...(last ? [last] : [])];
    }
    this.#plan = plan;
    this.#plannedFrom = new Map(using.map((each) => [each.name, stateOf(each)]));
  }
}

/** @param problem why no SidecarSet can be injected by the policy, as a clause */
export function unavailable(problem: string): Obstacle {
  return {
    reason: "PolicyUnavailable",
    message: `The webhook injects new Pods, because ${problem}`,
  };
}

function memberKey(name: string, key: string): string {
  return `${name} ${key}`;
}

/** The generation stands for the spec. */
function stateOf({ sidecarSet: { metadata }, revisionName }: PreparedSidecarSet): string {
  return `${metadata.uid} ${metadata.generation} ${revisionName}`;
}

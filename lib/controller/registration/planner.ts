import { isDeepStrictEqual } from "node:util";
import type { OwnerReference } from "../../api/meta.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import {
  planRegistrationInSteps,
  type Registration,
  type WebhookEndpoint,
} from "../../core/registration/configuration.ts";
import { keepsJobsRunning } from "../../core/registration/job_entries.ts";
import {
  keptPending,
  pendingIn,
  type PendingSelection,
  type PermanentCoverage,
} from "../../core/registration/pending.ts";
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import type { CoverageKeys } from "./coverage.ts";

interface RegistrationPlannerOptions {
  readonly name: string;
  readonly endpoint: WebhookEndpoint;
  readonly excludedNamespaces: readonly string[];
  readonly coverageKeys: CoverageKeys;
  /** Whether the API server injects a SidecarSet by itself. */
  isInjectedByPolicy(prepared: PreparedSidecarSet): boolean;
}

/** What a plan of the registration depends on besides the SidecarSets. */
interface PlanFacts {
  readonly caBundle: string;
  readonly owner: OwnerReference | undefined;
  /** The MutatingWebhookConfiguration as it was last seen, with the selections that replicas have added. */
  readonly registered: WebhookConfiguration | undefined;
  /** How its permanent entries cover SidecarSets; asked only while selections are pending. */
  permanentCoverage(): (prepared: PreparedSidecarSet) => PermanentCoverage;
  readonly now: Date;
}

/** A plan with everything that it depends on. */
interface Planned {
  readonly caBundle: string;
  readonly owner: OwnerReference | undefined;
  readonly pending: readonly PendingSelection[];
  readonly keys: ReadonlyMap<string, string>;
  readonly registration: Registration;
  readonly injectedByPolicy: ReadonlySet<string>;
}

/** A plan of the registration with the time of the next one. */
interface PlannedRegistration extends Pick<Planned, "registration" | "injectedByPolicy"> {
  /** Milliseconds after which time alone changes the plan. */
  readonly dueIn: number | undefined;
}

/** Plans the registration, and caches the last plan: with many SidecarSets, planning takes long. */
export class RegistrationPlanner {
  readonly #options: RegistrationPlannerOptions;
  #last: Planned | undefined;
  #isPlanning = false;

  constructor(options: RegistrationPlannerOptions) {
    this.#options = options;
  }

  /**
   * Whether the last plan has the coverage that a SidecarSet needs now; most changes are of the status. False while
   * another plan is made.
   *
   * @param prepared undefined if the SidecarSet is deleted
   */
  isPlanned(name: string, prepared: PreparedSidecarSet | undefined): boolean {
    return !this.#isPlanning &&
      this.#last?.keys.get(name) === (prepared && this.#keyOf(prepared));
  }

  /** Text that is equal for two states that lead to the same plan. */
  #keyOf(prepared: PreparedSidecarSet): string {
    const { coverageKeys, isInjectedByPolicy } = this.#options;
    const flags = [
      ...(keepsJobsRunning(prepared.sidecarSet) ? ["jobs"] : []),
      ...(isInjectedByPolicy(prepared) ? ["policy"] : []),
    ];
    const key = coverageKeys.of(prepared);
    // Most have no flag, and share the text with the coverage.
    return flags.length === 0 ? key : [key, ...flags].join(" ");
  }

  /** The registration for these SidecarSets, with what it leaves to the policy. */
  *plan(
    sidecarSets: readonly PreparedSidecarSet[],
    facts: PlanFacts,
  ): Steps<PlannedRegistration> {
    this.#isPlanning = true;
    try {
      return yield* this.#plan(sidecarSets, facts);
    } finally {
      this.#isPlanning = false;
    }
  }

  *#plan(
    sidecarSets: readonly PreparedSidecarSet[],
    facts: PlanFacts,
  ): Steps<PlannedRegistration> {
    const { name, endpoint, excludedNamespaces, isInjectedByPolicy } = this.#options;
    const { caBundle, owner } = facts;
    const { kept: pending, dueIn } = this.#pending(sidecarSets, facts);
    const last = this.#last;
    const keys = new Map<string, string>();
    const injectedByPolicy = new Set<string>();
    let hasSameKeys = true;
    yield* forEachInSteps(sidecarSets, (each) => {
      const key = this.#keyOf(each);
      keys.set(each.name, key);
      if (isInjectedByPolicy(each)) injectedByPolicy.add(each.name);
      hasSameKeys &&= last?.keys.get(each.name) === key;
    });
    const isSame = last !== undefined && last.caBundle === caBundle && last.owner === owner &&
      isDeepStrictEqual(last.pending, pending) && last.keys.size === keys.size && hasSameKeys;
    if (isSame) return { ...last, dueIn };
    const registration = yield* planRegistrationInSteps({
      ...{ name, sidecarSets, excludedNamespaces, endpoint, caBundle, pending, injectedByPolicy },
      ...(owner ? { owner } : {}),
    });
    this.#last = { caBundle, owner, pending, keys, registration, injectedByPolicy };
    return { registration, injectedByPolicy, dueIn };
  }

  #pending(
    sidecarSets: readonly PreparedSidecarSet[],
    { registered, permanentCoverage, now }: PlanFacts,
  ): ReturnType<typeof keptPending> {
    const pending = pendingIn(registered?.metadata);
    if (pending.length === 0) return { kept: [], dueIn: undefined };
    const byName = new Map(sidecarSets.map((each) => [each.name, each]));
    const registeredCoverage = permanentCoverage();
    const coverageOf = (prepared: PreparedSidecarSet) =>
      this.#lacksEntry(prepared) ? "none" : registeredCoverage(prepared);
    return keptPending(pending, {
      now,
      known: (name) => {
        const prepared = byName.get(name);
        if (prepared === undefined) return undefined;
        const { uid, generation } = prepared.sidecarSet.metadata;
        const key = this.#options.coverageKeys.of(prepared);
        return { uid, generation, key, coverage: coverageOf(prepared) };
      },
      coverageOfCreated: (until) =>
        sidecarSets.values()
          .filter(({ sidecarSet: { metadata } }) =>
            Date.parse(metadata.creationTimestamp ?? "") <= until.getTime()
          )
          .map(coverageOf),
    });
  }

  /** Whether no permanent entry is planned for a SidecarSet, or was by the last plan for this state. */
  #lacksEntry(prepared: PreparedSidecarSet): boolean {
    const { name } = prepared;
    const last = this.#last;
    return this.#options.isInjectedByPolicy(prepared) ||
      last !== undefined && last.registration.uncovered.has(name) &&
        last.keys.get(name) === this.#keyOf(prepared);
  }
}

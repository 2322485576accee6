import { isDeepStrictEqual } from "node:util";
import type { OwnerReference } from "../../api/meta.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import {
  planRegistration,
  type Registration,
  type WebhookEndpoint,
} from "../../core/registration/configuration.ts";
import { keepsJobsRunning } from "../../core/registration/job_entries.ts";
import { keptPending, pendingIn, type PendingSelection } from "../../core/registration/pending.ts";
import type { RegistrationWants } from "./coverage.ts";

export interface RegistrationPlannerOptions {
  readonly name: string;
  readonly endpoint: WebhookEndpoint;
  readonly excludedNamespaces: readonly string[];
  readonly wants: RegistrationWants;
}

export interface PlanFacts {
  readonly caBundle: string;
  readonly owner: OwnerReference | undefined;
  /** The MutatingWebhookConfiguration as it was last seen, with the selections that replicas have added. */
  readonly registered: WebhookConfiguration | undefined;
  readonly now: Date;
}

/** A plan with all that it depends on. */
interface Planned {
  readonly caBundle: string;
  readonly owner: OwnerReference | undefined;
  readonly pending: readonly PendingSelection[];
  readonly wants: ReadonlyMap<string, string>;
  readonly registration: Registration;
}

/** Plans the registration. With many SidecarSets that takes long, and Pods would wait, so the last plan is kept. */
export class RegistrationPlanner {
  readonly #options: RegistrationPlannerOptions;
  #last: Planned | undefined;

  constructor(options: RegistrationPlannerOptions) {
    this.#options = options;
  }

  /**
   * Whether the last plan is made for what a SidecarSet wants now, as it is after most changes: they are of its status.
   *
   * @param prepared undefined where there is none of the name
   */
  isPlanned(name: string, prepared: PreparedSidecarSet | undefined): boolean {
    return this.#last?.wants.get(name) === (prepared && this.#wantOf(prepared));
  }

  /** Text that is equal for two states of a SidecarSet if they lead to the same plan. */
  #wantOf(prepared: PreparedSidecarSet): string {
    return `${keepsJobsRunning(prepared.sidecarSet)} ${this.#options.wants.of(prepared)}`;
  }

  /** @returns `dueIn`: milliseconds after which the plan may be another one by the passing of time alone */
  plan(
    sidecarSets: readonly PreparedSidecarSet[],
    { caBundle, owner, registered, now }: PlanFacts,
  ): { registration: Registration; dueIn: number | undefined } {
    const { name, endpoint, excludedNamespaces } = this.#options;
    const { kept: pending, dueIn } = this.#pending(sidecarSets, { registered, now });
    const wants = new Map(sidecarSets.map((each) => [each.name, this.#wantOf(each)]));
    const last = this.#last;
    const isSame = last !== undefined && last.caBundle === caBundle && last.owner === owner &&
      isDeepStrictEqual(last.pending, pending) && last.wants.size === wants.size &&
      wants.entries().every(([name, want]) => last.wants.get(name) === want);
    if (isSame) return { registration: last.registration, dueIn };
    const registration = planRegistration({
      ...{ name, sidecarSets, excludedNamespaces, endpoint, caBundle, pending },
      ...(owner ? { owner } : {}),
    });
    this.#last = { caBundle, owner, pending, wants, registration };
    return { registration, dueIn };
  }

  #pending(
    sidecarSets: readonly PreparedSidecarSet[],
    { registered, now }: Pick<PlanFacts, "registered" | "now">,
  ): ReturnType<typeof keptPending> {
    const pending = pendingIn(registered?.metadata);
    if (pending.length === 0) return { kept: [], dueIn: undefined };
    const byName = new Map(sidecarSets.map((each) => [each.name, each]));
    return keptPending(pending, {
      now,
      known: (name) => {
        const prepared = byName.get(name);
        if (prepared === undefined) return undefined;
        const { uid, generation } = prepared.sidecarSet.metadata;
        return { uid, generation, key: this.#options.wants.of(prepared) };
      },
    });
  }
}

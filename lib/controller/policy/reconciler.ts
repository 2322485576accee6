import type { PolicyObject } from "../../api/admission_policy.ts";
import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { OwnerReference } from "../../api/meta.ts";
import { policySets } from "../../core/admission_policy/members.ts";
import type { MechanismPlan } from "../../core/admission_policy/plan.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Obstacle } from "../../core/reasons.ts";
import { coverageKey, isInjecting, usesPolicy } from "../../core/registration/selection.ts";
import type { RegistrationFacts } from "../../core/status/facts.ts";
import type { PolicyChange } from "../../index/changes.ts";
import type { PolicyIndex, PolicySupport } from "../../index/policies.ts";
import { managerText, type Repair } from "../repair_backoff.ts";
import { type ActivationOptions, PolicyActivation } from "./activation.ts";
import { PolicyPlanner, type PolicyPlannerOptions, unavailable } from "./planner.ts";
import { StoredObject } from "./stored_object.ts";

/** While the webhook does not cover the SidecarSets that leave the policy. */
const REVIEWED_POLL_MS = 500;
/** While a SidecarSet's revision is not stored. */
const REVISION_POLL_MS = 100;
const IGNORED =
  "the API server stores MutatingAdmissionPolicies, but does not apply them: enable its admission plugin";

interface PolicyReconcilerOptions
  extends Omit<ActivationOptions, "selectionOf">, PolicyPlannerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** As the watches have sent them. */
  readonly policies: Pick<PolicyIndex, "policy" | "binding">;
  /** Undefined until the API server has answered. */
  support(): PolicySupport | undefined;
  isLeader(): boolean;
  /** The installation's ClusterRole; undefined where there is none. May throw what the API server answers. */
  owner(signal: AbortSignal): Promise<OwnerReference | undefined>;
  /** Creates the object, or overwrites exactly the given resourceVersion. Answers it as stored. */
  write(desired: PolicyObject, signal: AbortSignal): Promise<PolicyObject>;
  /** Deletes the policy, its binding and those of the probe, as far as they exist. */
  deleteAll(signal: AbortSignal): Promise<void>;
  /** Whether API servers call the webhook for the Pods of a SidecarSet, and no write that ends that is under way. */
  isReviewed(prepared: PreparedSidecarSet): boolean;
  /** Called with the SidecarSets of which `factsOf` or `covers` reports something else than before. */
  onChange(sidecarSets: readonly string[]): void;
  /** Called when a change by another client was repaired. */
  onRepair(repair: Repair): void;
}

/** Keeps the policy equal to what the SidecarSets need, and records which of them API servers inject by it. */
export class PolicyReconciler {
  readonly #options: PolicyReconcilerOptions;
  readonly #planner: PolicyPlanner;
  readonly #activation: PolicyActivation;
  readonly #policy: StoredObject;
  readonly #binding: StoredObject;
  #owner: OwnerReference | undefined;
  /** Whether the policy was compared with what is needed since the start. */
  #isCompared = false;
  /** What was last published for each SidecarSet. */
  #published = new Map<string, string>();

  constructor(options: PolicyReconcilerOptions) {
    this.#options = options;
    this.#planner = new PolicyPlanner(options);
    this.#activation = new PolicyActivation({
      ...options,
      selectionOf: (name, key) => this.#planner.selectionOf(name, key),
    });
    this.#policy = new StoredObject(options.clock);
    this.#binding = new StoredObject(options.clock);
  }

  /** Whether any SidecarSet asks for the policy. */
  get isUsed(): boolean {
    return this.#planner.isUsed;
  }

  /**
   * Whether API servers inject the Pods of a SidecarSet's current selection by themselves, and will go on doing so:
   * these Pods need no review.
   */
  covers(prepared: PreparedSidecarSet): boolean {
    return usesPolicy(prepared) && isInjecting(prepared) && this.#isPlanned(prepared) &&
      this.#activation.covers(prepared.name, coverageKey(prepared));
  }

  /** What the conditions of a SidecarSet report, given what they would report of the webhook registration. */
  factsOf(prepared: PreparedSidecarSet, registration: RegistrationFacts): RegistrationFacts {
    const facts = this.#comparedFactsOf(prepared, registration);
    return usesPolicy(prepared) && !this.#isCompared ? { ...facts, isUnknown: true } : facts;
  }

  #comparedFactsOf(
    prepared: PreparedSidecarSet,
    registration: RegistrationFacts,
  ): RegistrationFacts {
    if (!usesPolicy(prepared) || !this.#isPlanned(prepared)) {
      const fallback = this.#fallbackOf(prepared);
      const isUnplanned = usesPolicy(prepared) && !this.#planner.isOf(prepared);
      // API servers may still inject what the policy has.
      const isLeaving = !this.#activation.isIgnored && this.#stored().has(prepared.name);
      return {
        ...registration,
        ...(isUnplanned || isLeaving ? { isPolicySettling: true } : {}),
        ...(fallback ? { fallback } : {}),
      };
    }
    const { inForceSince: _, obstacle: __, ...others } = registration;
    const key = this.#planner.plan.policy.get(prepared.name) ?? "";
    const since = this.#planner.isOf(prepared)
      ? this.#activation.since(prepared.name, key)
      : undefined;
    const obstacle = this.#contention();
    return {
      ...others,
      ...(since ? { inForceSince: since.toISOString() } : { isPolicySettling: true }),
      ...(obstacle ? { obstacle } : {}),
    };
  }

  /** Takes over what a watch saw. */
  observe(changed: PolicyChange["changed"]): void {
    const { policy, binding } = this.#options.policies;
    if (changed === "policy") this.#policy.observe(policy);
    if (changed === "binding") this.#binding.observe(binding);
  }

  /**
   * Compares the policy with what is needed and, as the leader, writes what differs.
   *
   * @returns milliseconds after which to reconcile again although nothing may have changed
   */
  async reconcile(signal: AbortSignal): Promise<number | undefined> {
    const support = this.#options.support();
    if (support === undefined) return undefined;
    const wait = support.isServed ? await this.#apply(signal) : this.#withdraw(support.problem);
    this.#isCompared = true;
    this.#publish();
    return wait;
  }

  #withdraw(problem: string): undefined {
    this.#planner.unavailable(problem);
    this.#activation.lose();
  }

  async #apply(signal: AbortSignal): Promise<number | undefined> {
    const { isLeader, policies } = this.#options;
    // A recreated ClusterRole has another uid.
    if (this.isUsed && (!this.#owner || !this.#policy.observed)) {
      this.#owner = await this.#options.owner(signal) ?? this.#owner;
    }
    if (!this.#planner.update(this.#owner)) return REVISION_POLL_MS;
    const { plan } = this.#planner;
    const isAsPlanned = this.#isAs(plan);
    if (!isAsPlanned && isLeader()) {
      const wait = await this.#write(plan, signal);
      if (wait !== undefined) return wait;
    }
    const { policy, binding } = policies;
    // Only what the watch has sent has reached an API server.
    if (policy === undefined || binding === undefined) {
      this.#activation.lose();
      return undefined;
    }
    const isProbing = isLeader() && plan.policy.size > 0;
    return await this.#activation.update({ policy, binding }, { isProbing, signal });
  }

  #isAs({ mutatingAdmissionPolicy, binding }: MechanismPlan): boolean {
    if (mutatingAdmissionPolicy === undefined || binding === undefined) {
      return this.#policy.observed === undefined && this.#binding.observed === undefined;
    }
    const isAs = this.#policy.isAs(mutatingAdmissionPolicy) && this.#binding.isAs(binding);
    if (isAs) {
      this.#policy.confirm(mutatingAdmissionPolicy);
      this.#binding.confirm(binding);
    }
    return isAs;
  }

  /** @returns milliseconds to wait before the write */
  async #write(plan: MechanismPlan, signal: AbortSignal): Promise<number | undefined> {
    const { logger, deleteAll } = this.#options;
    const { mutatingAdmissionPolicy, binding } = plan;
    if (this.#isLeavingUnreviewed(plan)) return REVIEWED_POLL_MS;
    if (mutatingAdmissionPolicy === undefined || binding === undefined) {
      await deleteAll(signal);
      this.#policy.forget();
      this.#binding.forget();
      logger.info("Deleted the injection policy: no SidecarSet uses it");
      return undefined;
    }
    const waits = [
      await this.#writeOne(this.#policy, mutatingAdmissionPolicy, signal),
      await this.#writeOne(this.#binding, binding, signal),
    ].filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  async #writeOne(
    object: StoredObject,
    desired: PolicyObject,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (object.isAs(desired)) return undefined;
    const { logger, write, onRepair } = this.#options;
    if (object.isRepair(desired)) {
      // Until it is repaired, the webhook injects.
      this.#activation.lose();
      if (object.repairs.wait > 0) return object.repairs.wait;
    }
    const repair = await object.write(desired, (body) => write(body, signal));
    logger.info("Wrote the injection policy", { kind: desired.kind });
    if (repair) onRepair(repair);
    return undefined;
  }

  /** Whether a SidecarSet leaves the policy that the webhook has to inject, but does not yet. */
  #isLeavingUnreviewed(plan: MechanismPlan): boolean {
    const { sidecarSets, isReviewed } = this.#options;
    const known = sidecarSets();
    return this.#stored().keys().some((name) => {
      const prepared = known.get(name);
      return prepared !== undefined && !plan.policy.has(name) && isInjecting(prepared) &&
        !isReviewed(prepared);
    });
  }

  /** The SidecarSets in the stored policy. */
  #stored(): ReturnType<typeof policySets> {
    const { policies } = this.#options;
    return policySets(this.#policy.observed ?? policies.policy);
  }

  #isPlanned({ name }: PreparedSidecarSet): boolean {
    return this.#planner.plan.policy.has(name) && !this.#activation.isIgnored;
  }

  /** Why the webhook injects a SidecarSet that asks for the policy. */
  #fallbackOf(prepared: PreparedSidecarSet): Obstacle | undefined {
    if (!usesPolicy(prepared) || !this.#planner.isOf(prepared)) return undefined;
    const obstacle = this.#planner.plan.webhook.get(prepared.name);
    return obstacle ?? (this.#activation.isIgnored ? unavailable(IGNORED) : undefined);
  }

  #contention(): RegistrationFacts["obstacle"] {
    const object = [this.#policy, this.#binding].find(({ repairs }) => repairs.isContended);
    if (object === undefined) return undefined;
    const message = `${
      managerText(object.manager)
    } keeps changing the MutatingAdmissionPolicy or its binding, so that new Pods may be created without the sidecars`;
    return { reason: "Overwritten", message };
  }

  /** Publishes what changed for a SidecarSet since the last time. */
  #publish(): void {
    const next = new Map<string, string>();
    for (const [name, prepared] of this.#options.sidecarSets()) {
      const state = JSON.stringify([this.covers(prepared), this.factsOf(prepared, {})]);
      if (state !== UNCONCERNED) next.set(name, state);
    }
    const names = [...new Set([...next.keys(), ...this.#published.keys()])];
    const changed = names.filter((name) => next.get(name) !== this.#published.get(name));
    this.#published = next;
    if (changed.length > 0) this.#options.onChange(changed);
  }
}

/** What is published for a SidecarSet that has nothing to do with the policy. */
const UNCONCERNED = JSON.stringify([false, {}]);

import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../api/admission_policy.ts";
import type { ControllerRevision } from "../../api/objects.ts";
import { CANARY_BASE_ANNOTATION } from "../../api/names.ts";
import { pinnedRevision } from "../inject/revision_choice.ts";
import { createPlanner, type Planner } from "../inject/planner.ts";
import { canaryBaseOf } from "../canary.ts";
import type { SidecarSetPlan } from "../inject/sidecarset_plan.ts";
import { compareUtf8 } from "../json/go_json.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { Obstacle } from "../reasons.ts";
import { isInjecting } from "../registration/selection.ts";
import { policyObstacle } from "./blockers.ts";
import { type PolicyMember, policyMember } from "./members.ts";
import { type Contender, contenderOf } from "./order.ts";
import {
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  type PolicyOptions,
} from "./policy.ts";
import { MAX_EXPRESSION_CHARACTERS, tooLarge, unfitMembers } from "./unfit.ts";

/** What the choice between policy and webhook depends on. */
export interface MechanismInput extends PolicyOptions {
  readonly sidecarSets: Iterable<PreparedSidecarSet>;
  /** Stored revisions of one SidecarSet. */
  revisionsOf(sidecarSetName: string): readonly ControllerRevision[];
}

/** Which SidecarSets a policy injects. Those with the mechanism `Webhook`, paused and invalid ones are in no map. */
export interface MechanismPlan {
  /** The policy's SidecarSets: a key of what it does for each, by name. */
  readonly policy: ReadonlyMap<string, string>;
  /** The SidecarSets that ask for a policy and stay with the webhook, with the reason. */
  readonly webhook: ReadonlyMap<string, Obstacle>;
  /** Both objects; absent if no SidecarSet needs them. */
  readonly mutatingAdmissionPolicy?: MutatingAdmissionPolicy;
  readonly binding?: MutatingAdmissionPolicyBinding;
}

/** Plans for many inputs. Its caches are weak: they are released with the SidecarSets. */
export function createMechanismPlanner(): (input: MechanismInput) => MechanismPlan {
  const planner = createPlanner();
  const members = new WeakMap<SidecarSetPlan, Map<string, PolicyMember>>();
  return (input) => planWith(input, { planner, members });
}

/**
 * Decides which SidecarSets the API server injects by a policy, and writes that policy. Deterministic, by name; a
 * SidecarSet that cannot be injected by it stays with the webhook, so that exactly one of both injects it.
 */
export function planMechanisms(input: MechanismInput): MechanismPlan {
  return createMechanismPlanner()(input);
}

interface Memory {
  readonly planner: Planner;
  readonly members: WeakMap<SidecarSetPlan, Map<string, PolicyMember>>;
}

function planWith(input: MechanismInput, memory: Memory): MechanismPlan {
  const injecting = [...input.sidecarSets].filter(isInjecting)
    .sort((a, b) => compareUtf8(a.name, b.name));
  const policy = new Map<string, PolicyMember>();
  const webhook = new Map<string, Obstacle>();
  for (const prepared of injecting) {
    if (prepared.sidecarSet.spec.injectionStrategy?.mechanism !== "Policy") continue;
    const member = memberOf(prepared, { input, memory });
    if ("reason" in member) webhook.set(prepared.name, member);
    else policy.set(prepared.name, member);
  }
  if (policy.size > 0) {
    const contenders = injecting.map((each) => contenderFor(each, { input, memory }));
    for (const [name, obstacle] of unfitMembers(policy, contenders)) {
      policy.delete(name);
      webhook.set(name, obstacle);
    }
  }
  const members = [...policy.values()];
  return {
    policy: new Map(members.map(({ name, key }) => [name, key])),
    webhook,
    ...(members.length === 0 ? {} : {
      mutatingAdmissionPolicy: mutatingAdmissionPolicy(members, input),
      binding: mutatingAdmissionPolicyBinding(input),
    }),
  };
}

interface Context {
  readonly input: MechanismInput;
  readonly memory: Memory;
}

/** The SidecarSet at the revision that new Pods get, or why only the webhook can inject it. */
function memberOf(prepared: PreparedSidecarSet, context: Context): PolicyMember | Obstacle {
  const { input, memory } = context;
  const revisions = input.revisionsOf(prepared.name);
  const { pinned, obstacle } = pinnedRevision(prepared, revisions);
  if (obstacle !== undefined) return obstacle;
  const plan = pinned === undefined
    ? memory.planner.current(prepared)
    : memory.planner.restored(prepared, pinned);
  if ("reason" in plan) return plan;
  const found = plan.obstacle ?? ownCanaryObstacle(plan) ??
    policyObstacle(plan.prepared.sidecarSet);
  if (found !== undefined) return found;
  const revision = pinned ??
    revisions.find(({ metadata }) => metadata.name === prepared.revisionName);
  return keptMember(plan, { prepared, injectedAt: writtenAt(prepared, revision), memory });
}

/** A canary of itself is never injected. */
function ownCanaryObstacle(plan: SidecarSetPlan): Obstacle | undefined {
  return canaryBaseOf(plan.prepared.sidecarSet) !== plan.name ? undefined : {
    reason: "PolicyUnsupported",
    message: `metadata.annotations[${CANARY_BASE_ANNOTATION}] names the SidecarSet itself: ` +
      "name another one",
    subject: `metadata.annotations[${CANARY_BASE_ANNOTATION}]`,
  };
}

function keptMember(
  plan: SidecarSetPlan,
  { prepared, injectedAt, memory }: {
    prepared: PreparedSidecarSet;
    injectedAt: string;
    memory: Memory;
  },
): PolicyMember | Obstacle {
  const byTime = memory.members.get(plan) ?? new Map<string, PolicyMember>();
  memory.members.set(plan, byTime);
  const member = byTime.get(injectedAt) ?? policyMember(plan, {
    selection: prepared.sidecarSet.spec,
    uid: prepared.sidecarSet.metadata.uid,
    injectedAt: new Date(injectedAt),
  });
  byTime.set(injectedAt, member);
  const longest = Math.max(member.parts.length, member.fits.length, member.selected.length);
  if (longest <= MAX_EXPRESSION_CHARACTERS) return member;
  return tooLarge(`it takes an expression of ${longest} characters`);
}

/** The time that records contain: of the revision's creation, as a policy knows no clock. */
function writtenAt(
  { specWrittenAt, sidecarSet: { metadata } }: PreparedSidecarSet,
  revision: ControllerRevision | undefined,
): string {
  const times = [revision?.metadata.creationTimestamp, specWrittenAt, metadata.creationTimestamp];
  return times.find((time) => !Number.isNaN(Date.parse(time ?? ""))) ?? "1970-01-01T00:00:00Z";
}

function contenderFor(prepared: PreparedSidecarSet, { input, memory }: Context): Contender {
  const { pinned } = pinnedRevision(prepared, input.revisionsOf(prepared.name));
  const restored = pinned && memory.planner.restored(prepared, pinned);
  return contenderOf({ name: prepared.name, selection: prepared.sidecarSet.spec }, [
    memory.planner.current(prepared),
    ...(restored === undefined || "reason" in restored ? [] : [restored]),
  ]);
}

import type { OwnerReference } from "../../api/meta.ts";
import { isMirrorPod, type Pod } from "../../api/pod.ts";
import { type Reason, REASONS } from "../reasons.ts";
import { isActive, isRunningAndReady } from "../status/readiness.ts";
import { type EvictionGuard, mayTryAt } from "./eviction_guard.ts";

/** Kinds of controllers that recreate an evicted Pod. */
export const RECREATING_KINDS: ReadonlySet<string> = new Set([
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
]);

/** What the eviction of a Pod depends on in addition to the Pod. */
export interface EvictionFacts {
  /** Controllers whose Pods may be evicted: {@linkcode RECREATING_KINDS}, and those named by an option. */
  readonly recreatingKinds: ReadonlySet<string>;
  /** Whether the webhook would answer for the replacement. */
  readonly webhookReady: boolean;
  /** The obstacle that a dry run finds for the replacement; undefined if it would be up to date. */
  readonly replacementObstacle?: { readonly reason: Reason; readonly message: string };
  /** Pods of the SidecarSet that are unavailable, and how many may be. */
  readonly unavailable: number;
  readonly maxUnavailable: number;
  /** Whether the replacement of each evicted Pod of the Pod's workload has been created. */
  readonly workloadSettled: boolean;
  /** Whether in addition all Pods of the workload are ready. */
  readonly workloadReady: boolean;
  /** Whether another guard can be stored. */
  readonly guardsFull: boolean;
  readonly guard?: EvictionGuard;
  /** Milliseconds; when to try again after a fault of the API server, which does not count as an attempt. */
  readonly faultRetryAt?: number;
  readonly now: Date;
}

/** Whether a Pod may be evicted now; if not, the first reason against it. */
export type EvictionDecision =
  | { readonly evict: true }
  | {
    readonly evict: false;
    readonly reason: Reason;
    readonly message: string;
    /** What the reason applies to: the Pod or its replacement, its workload, or all evictions. */
    readonly scope: "Pod" | "Workload" | "All";
    /** Milliseconds; when it is worth asking again although nothing has changed. */
    readonly retryAt?: number;
  };

type Refusal = Extract<EvictionDecision, { evict: false }>;
type Objection = Omit<Refusal, "evict" | "scope">;
type Rule = (pod: Pod, facts: EvictionFacts) => Objection | undefined;

/** Reasons that lie in the Pod come first, those that pass with time last. */
const RULES: readonly (readonly [scope: Refusal["scope"], rule: Rule])[] = [
  ["Pod", mirrorPod],
  ["Pod", ended],
  ["Pod", runsToCompletion],
  ["Pod", notRecreated],
  ["Pod", replacementNotAsWanted],
  ["Workload", leftAlone],
  ["All", webhookNotReady],
  ["Workload", workloadNotReady],
  ["Workload", backingOff],
  ["All", budgetUsed],
];

/**
 * The one rule for every eviction: outdated Pods that cannot be updated in place, missed Pods, and sidecars that are
 * no longer needed. A Pod that is not ready may go although the budget is used and others of its workload are not
 * ready: it may be waiting for exactly this. The eviction itself goes through the Eviction API, so that
 * PodDisruptionBudgets hold.
 */
export function mayEvict(pod: Pod, facts: EvictionFacts): EvictionDecision {
  for (const [scope, rule] of RULES) {
    const objection = rule(pod, facts);
    if (objection !== undefined) return { evict: false, scope, ...objection };
  }
  return { evict: true };
}

/** The controller that owns the Pod. */
export function controllerOf(
  { metadata }: Pick<Pod, "metadata">,
): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

function mirrorPod(pod: Pod): Objection | undefined {
  return isMirrorPod(pod) ? because("MirrorPod") : undefined;
}

function ended(pod: Pod): Objection | undefined {
  return isActive(pod) ? undefined : because("PodNotActive");
}

function runsToCompletion({ spec: { restartPolicy = "Always" } }: Pod): Objection | undefined {
  return restartPolicy === "Always" ? undefined : because("RunsToCompletion");
}

function notRecreated(pod: Pod, { recreatingKinds }: EvictionFacts): Objection | undefined {
  const controller = controllerOf(pod);
  if (controller !== undefined && recreatingKinds.has(controller.kind)) return undefined;
  const owner = controller === undefined ? "no controller" : `a ${controller.kind}`;
  return { reason: "NotRecreated", message: `${REASONS.NotRecreated}: it has ${owner}` };
}

function replacementNotAsWanted(_: Pod, facts: EvictionFacts): Objection | undefined {
  return facts.replacementObstacle;
}

function leftAlone(_: Pod, { guard }: EvictionFacts): Objection | undefined {
  return guard?.leftAlone === true ? because("WorkloadLeftAlone") : undefined;
}

function webhookNotReady(_: Pod, { webhookReady }: EvictionFacts): Objection | undefined {
  return webhookReady ? undefined : because("WebhookNotReady");
}

/** The eviction of a Pod that is not ready costs no availability, so only its workload's other evictions count. */
function workloadNotReady(pod: Pod, facts: EvictionFacts): Objection | undefined {
  const mayLoseOne = isRunningAndReady(pod) ? facts.workloadReady : facts.workloadSettled;
  return mayLoseOne ? undefined : because("WorkloadNotReady");
}

function backingOff(_: Pod, { guard, faultRetryAt, now }: EvictionFacts): Objection | undefined {
  const retryAt = guard === undefined ? 0 : faultRetryAt ?? mayTryAt(guard);
  return retryAt > now.getTime() ? { ...because("EvictionBackoff"), retryAt } : undefined;
}

function budgetUsed(pod: Pod, facts: EvictionFacts): Objection | undefined {
  const costs = isRunningAndReady(pod) ? 1 : 0;
  const isWithin = costs === 0 || facts.unavailable + costs <= facts.maxUnavailable;
  return isWithin && !facts.guardsFull ? undefined : because("BudgetUsed");
}

function because(reason: Reason): Objection {
  return { reason, message: REASONS[reason] };
}

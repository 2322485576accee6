import type { OwnerReference } from "../../api/meta.ts";
import { isMirrorPod } from "../../api/pod.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { because, type Obstacle, type Reason, REASONS } from "../reasons.ts";
import { isActive, isRunningAndReady } from "../status/readiness.ts";
import { type EvictionGuard, mayTryAt } from "./eviction_guards.ts";

/** Kinds of controllers that recreate an evicted Pod. */
export const RECREATING_KINDS: ReadonlySet<string> = new Set([
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
]);

/** Input of {@linkcode mayEvict} in addition to the Pod. */
export interface EvictionFacts {
  /** Controllers whose Pods may be evicted: {@linkcode RECREATING_KINDS}, and those named by an option. */
  readonly recreatingKinds: ReadonlySet<string>;
  /** Whether the webhook is ready for the replacement. */
  readonly webhookReady: boolean;
  /** The obstacle found by a dry run for the replacement; undefined if there is none. */
  readonly replacementObstacle?: Obstacle;
  /** Number of unavailable Pods of the SidecarSet, and its maximum. */
  readonly unavailable: number;
  readonly maxUnavailable: number;
  /** Whether all evicted Pods of the workload have replacements. */
  readonly workloadSettled: boolean;
  /** Whether all Pods of the workload are ready as well. */
  readonly workloadReady: boolean;
  /** Whether another guard can be stored. */
  readonly guardsFull: boolean;
  readonly guard?: EvictionGuard;
  /** Time in milliseconds of the next try after a failed request, which does not count as an attempt. */
  readonly faultRetryAt?: number;
  readonly now: Date;
}

/** Whether a Pod may be evicted now; if not, the first reason. */
export type EvictionDecision =
  | { readonly evict: true }
  | {
    readonly evict: false;
    readonly reason: Reason;
    readonly message: string;
    /** Scope of the reason: the Pod or its replacement, its workload, or all evictions. */
    readonly scope: "Pod" | "Workload" | "All";
    /** Time in milliseconds of the next check, even without a change. */
    readonly retryAt?: number;
  };

type Denial = Extract<EvictionDecision, { evict: false }>;
type EvictionObstacle = Omit<Denial, "evict" | "scope">;
type Rule = (pod: ObservedPod, facts: EvictionFacts) => EvictionObstacle | undefined;

/** Permanent reasons of the Pod come first, temporary ones last. */
const RULES: readonly (readonly [scope: Denial["scope"], rule: Rule])[] = [
  ["Pod", isMirror],
  ["Pod", ended],
  ["Pod", runsToCompletion],
  ["Pod", notRecreated],
  ["Pod", replacementOutdated],
  ["Workload", leftAlone],
  ["All", webhookNotReady],
  ["Workload", workloadNotReady],
  ["Workload", backingOff],
  ["All", budgetUsed],
];

/**
 * The rule for every eviction: of outdated Pods that cannot be updated in place, of missed Pods, and of Pods with
 * surplus sidecars. A Pod that is not ready may be evicted regardless of the budget and of its workload's other
 * Pods, as the eviction may fix it. The Eviction API enforces PodDisruptionBudgets.
 */
export function mayEvict(pod: ObservedPod, facts: EvictionFacts): EvictionDecision {
  for (const [scope, rule] of RULES) {
    const objection = rule(pod, facts);
    if (objection !== undefined) return { evict: false, scope, ...objection };
  }
  return { evict: true };
}

/** The controller that owns the Pod. */
export function controllerOf(
  { metadata }: Pick<ObservedPod, "metadata">,
): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

function isMirror(pod: ObservedPod): EvictionObstacle | undefined {
  return isMirrorPod(pod) ? because("MirrorPod") : undefined;
}

function ended(pod: ObservedPod): EvictionObstacle | undefined {
  return isActive(pod) ? undefined : because("PodNotActive");
}

function runsToCompletion(
  { spec: { restartPolicy = "Always" } }: ObservedPod,
): EvictionObstacle | undefined {
  return restartPolicy === "Always" ? undefined : because("RunsToCompletion");
}

function notRecreated(
  pod: ObservedPod,
  { recreatingKinds }: EvictionFacts,
): EvictionObstacle | undefined {
  const controller = controllerOf(pod);
  if (controller !== undefined && recreatingKinds.has(controller.kind)) return undefined;
  const owner = controller === undefined ? "no controller" : `a ${controller.kind}`;
  return { reason: "NotRecreated", message: `${REASONS.NotRecreated}: it has ${owner}` };
}

function replacementOutdated(_: ObservedPod, facts: EvictionFacts): EvictionObstacle | undefined {
  return facts.replacementObstacle;
}

function leftAlone(_: ObservedPod, { guard }: EvictionFacts): EvictionObstacle | undefined {
  return guard?.leftAlone === true ? because("WorkloadLeftAlone") : undefined;
}

function webhookNotReady(
  _: ObservedPod,
  { webhookReady }: EvictionFacts,
): EvictionObstacle | undefined {
  return webhookReady ? undefined : because("WebhookNotReady");
}

/** The eviction of a Pod that is not ready costs no availability, so only its workload's other evictions count. */
function workloadNotReady(pod: ObservedPod, facts: EvictionFacts): EvictionObstacle | undefined {
  const mayLoseOne = isRunningAndReady(pod) ? facts.workloadReady : facts.workloadSettled;
  return mayLoseOne ? undefined : because("WorkloadNotReady");
}

function backingOff(
  _: ObservedPod,
  { guard, faultRetryAt, now }: EvictionFacts,
): EvictionObstacle | undefined {
  const retryAt = guard === undefined ? 0 : faultRetryAt ?? mayTryAt(guard);
  return retryAt > now.getTime() ? { ...because("EvictionBackoff"), retryAt } : undefined;
}

function budgetUsed(pod: ObservedPod, facts: EvictionFacts): EvictionObstacle | undefined {
  const costs = isRunningAndReady(pod) ? 1 : 0;
  const isWithin = costs === 0 || facts.unavailable + costs <= facts.maxUnavailable;
  return isWithin && !facts.guardsFull ? undefined : because("BudgetUsed");
}

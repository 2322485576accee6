import type { Condition, SidecarSetStatus } from "../../api/sidecarset_status.ts";
import {
  CONDITION_REASONS,
  type ConditionReason,
  type CONDITIONS,
  isConditionReason,
  type Reason,
  REASONS,
} from "../reasons.ts";
import { refusalSentence, type RegistrationFacts, type StatusFacts } from "./facts.ts";

/** Reasons of an active roll-out. */
export const UNDER_WAY: ReadonlySet<string> = new Set([
  "RollingOut",
  "PodResizeInProgress",
  "WaitingForAvailability",
  "UpdateRefused",
  "PodResizePending",
]);

/** Reasons of `Ready` that pass by themselves. */
const REGISTERING: ReadonlySet<string> = new Set([
  "NotRegistered",
  "RegistrationSettling",
  "PolicySettling",
]);

/** A condition without the members that depend on the previous one. */
export interface ConditionState {
  readonly type: keyof typeof CONDITIONS;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: Reason | ConditionReason;
  readonly message: string;
}

/** Delay after which all API servers use a registration. */
export const REGISTRATION_SETTLE_SECONDS = 3;

/** `Ready` is True if new Pods get exactly this generation. */
export function readyState(facts: StatusFacts): ConditionState {
  const no = (reason: Reason | ConditionReason, message = sentence(reason)): ConditionState => ({
    type: "Ready",
    status: "False",
    reason,
    message,
  });
  const [problem] = facts.problems;
  if (problem !== undefined) {
    return no("InvalidSidecarSet", `${problem.field}: ${problem.message}`);
  }
  if (facts.injectionPaused) return no("InjectionPaused");
  const { inForceSince, isPolicySettling, fallback } = facts.registration;
  const obstacle = facts.revisionObstacle ?? facts.registration.obstacle;
  if (obstacle !== undefined) return no(obstacle.reason, obstacle.message);
  if (isPolicySettling) return no("PolicySettling");
  if (inForceSince === undefined) return no("NotRegistered");
  if (settledAt(inForceSince) > facts.now.getTime()) return no("RegistrationSettling");
  const { reason, message } = fallback ?? { reason: "InForce", message: sentence("InForce") };
  return { type: "Ready", status: "True", reason, message };
}

/** `Progressing` has the same meaning as for a Deployment; its message has the counts. */
export function progressingState(facts: StatusFacts): ConditionState {
  const { rollout, counts } = facts;
  const reason = deadline(facts) <= facts.now.getTime()
    ? "ProgressDeadlineExceeded"
    : rollout.reason;
  const numbers = `${counts.updatedPods} of ${counts.matchedPods} Pods are updated`;
  const notUpgradable = counts.notUpgradablePods === 0
    ? ""
    : `, ${counts.notUpgradablePods} cannot be updated in place`;
  const detail = rollout.detail === undefined ? "" : `: ${rollout.detail}`;
  return {
    type: "Progressing",
    status: progressStatus(reason),
    reason,
    message: `${numbers}${notUpgradable}; ${text(reason)}${detail}`,
  };
}

/** `PodsMissed` is True while Pods lack sidecars they should have, or are refused because of them. */
export function missedState({ counts, missed, refused }: StatusFacts): ConditionState {
  const { missedPods } = counts;
  if (missedPods === 0 && refused === undefined) {
    const reason = "NoPodsMissed";
    return { type: "PodsMissed", status: "False", reason, message: sentence(reason) };
  }
  const number = `${missedPods} ${missedPods === 1 ? "Pod was" : "Pods were"} missed`;
  const why = missed ? `, for example ${missed.example}: ${text(missed.reason)}` : "";
  const parts = [
    ...(missedPods === 0 ? [] : [number + why]),
    ...(refused ? [refusalSentence(refused)] : []),
  ];
  return {
    type: "PodsMissed",
    status: "True",
    reason: missedPods === 0 ? "PodRefused" : missed?.reason ?? "PodsMissed",
    message: parts.join("; "),
  };
}

/** Time in milliseconds at which a condition changes without an event; undefined if none does. */
export function conditionsDueAt(facts: StatusFacts): number | undefined {
  const { inForceSince } = facts.registration;
  const times = [deadline(facts), inForceSince === undefined ? Infinity : settledAt(inForceSince)]
    .filter((time) => time > facts.now.getTime() && time !== Infinity);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** The condition of missed Pods and refused workloads. */
export function missedCondition({ conditions = [] }: SidecarSetStatus = {}): Condition | undefined {
  return conditions.find(({ type }) => type === "PodsMissed");
}

/** Whether a status only says that the webhook registration or the policy has not settled yet. */
export function isRegistering({ conditions = [] }: SidecarSetStatus): boolean {
  const { reason } = conditions.find(({ type }) => type === "Ready") ?? {};
  return reason !== undefined && REGISTERING.has(reason);
}

/** Whether a registration or policy has been active long enough for every API server to use it. */
export function isSettled(
  { inForceSince, isPolicySettling }: RegistrationFacts,
  now: Date,
): boolean {
  return !isPolicySettling && inForceSince !== undefined &&
    settledAt(inForceSince) <= now.getTime();
}

function settledAt(inForceSince: string): number {
  return Date.parse(inForceSince) + REGISTRATION_SETTLE_SECONDS * 1000;
}

/** Only an active roll-out has a deadline; Infinity for any other. */
function deadline({ rollout }: StatusFacts): number {
  if (!UNDER_WAY.has(rollout.reason)) return Infinity;
  return Date.parse(rollout.lastProgress) + rollout.progressDeadlineSeconds * 1000;
}

function progressStatus(reason: ConditionReason | "InvalidSidecarSet"): ConditionState["status"] {
  switch (reason) {
    case "Paused":
    case "NotUpdate":
      return "Unknown";
    case "InvalidSidecarSet":
    case "NotUpgradable":
    case "UpdateRefused":
    case "ProgressDeadlineExceeded":
      return "False";
    default:
      return "True";
  }
}

function text(reason: Reason | ConditionReason): string {
  return isConditionReason(reason) ? CONDITION_REASONS[reason] : REASONS[reason];
}

function sentence(reason: Reason | ConditionReason): string {
  const words = text(reason);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

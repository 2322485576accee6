import { firstByName, type ObservedPod } from "../observed_pod.ts";
import type { ConditionReason } from "../reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { assessImages } from "../status/drift.ts";
import type { LeftPod, RolloutPlan } from "./contract.ts";

/** Source of example Pods. */
interface DetailFacts {
  readonly prepared: PreparedSidecarSet;
  /** The API server's last error for a Pod whose update it refused. */
  readonly failure: string | undefined;
  /** An example of a Pod that is not ready. */
  unready(): ObservedPod | undefined;
  readonly drifted: readonly ObservedPod[];
}

/** Describes what blocks a roll-out, by an example Pod; undefined if the counts suffice. */
export function planDetail(plan: RolloutPlan, facts: DetailFacts): string | undefined {
  const [refused] = plan.refused;
  const resizing = plan.resizing.find(({ reason }) => reason === plan.reason);
  switch (plan.reason) {
    case "UpdateRefused":
      return refused ? leftText(refused) : facts.failure;
    case "WaitingForAvailability":
      return unreadyText(facts.unready());
    case "PodResizeInProgress":
    case "PodResizePending":
      return resizing && leftText(resizing);
    case "NotUpgradable":
      return plan.notUpgradable[0] && leftText(plan.notUpgradable[0]);
    case "ImagesDrifted":
      return driftText(facts);
    default:
      return facts.failure;
  }
}

function unreadyText(pod: ObservedPod | undefined): string | undefined {
  return pod && `Pod ${nameOf(pod)} is not ready`;
}

function leftText({ pod, message }: LeftPod): string {
  return `Pod ${nameOf(pod)}: ${message}`;
}

function driftText({ prepared, drifted }: DetailFacts): string | undefined {
  const pod = firstByName(drifted);
  if (pod === undefined) return undefined;
  const [drift] = assessImages(pod, prepared).drift;
  if (drift === undefined) return undefined;
  const { container, foundImage, storedImage } = drift;
  return `${drifted.length} Pods, for example container ${container} of Pod ${nameOf(pod)} ` +
    `has ${foundImage} instead of ${storedImage}`;
}

function nameOf({ metadata: { namespace = "", name = "" } }: ObservedPod): string {
  return `${namespace}/${name}`;
}

/** Numbers of outdated Pods after a plan, by cause. */
interface PlanNumbers {
  readonly outdated: number;
  /** Updated by this plan or an earlier one, or waiting for room. */
  readonly underWay: number;
  readonly heldBack: number;
  readonly refused: number;
  /** Waiting for the kubelet to apply new resources. */
  readonly resizing: number;
  /** The kubelet has deferred their resize. */
  readonly deferred: number;
  readonly kept: number;
  readonly notUpgradable: number;
  /** Updated Pods with images that another client changed. */
  readonly drifted: number;
}

/** The reason for a roll-out's state: progress before blockers, temporary blockers before permanent ones. */
export function planReason(numbers: PlanNumbers): ConditionReason {
  if (numbers.underWay > 0) return "RollingOut";
  if (numbers.resizing > 0) return "PodResizeInProgress";
  if (numbers.heldBack > 0) return "WaitingForAvailability";
  if (numbers.refused > 0) return "UpdateRefused";
  if (numbers.deferred > 0) return "PodResizePending";
  if (numbers.outdated === 0) return numbers.drifted > 0 ? "ImagesDrifted" : "UpToDate";
  if (numbers.kept > 0) return "PartitionReached";
  return numbers.notUpgradable > 0 ? "NotUpgradable" : "SelectorReached";
}

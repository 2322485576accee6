import type { Pod } from "../../api/pod.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { assessImages } from "../status/drift.ts";
import type { LeftPod, RolloutPlan } from "./contract.ts";

/** Source of example Pods. */
export interface DetailFacts {
  readonly prepared: PreparedSidecarSet;
  /** The API server's last error for a Pod whose update it refused. */
  readonly failure: string | undefined;
  /** An example of a Pod that is not ready. */
  readonly unready: Pod | undefined;
  readonly drifted: readonly Pod[];
}

/** Describes what blocks a roll-out, by an example Pod; undefined if the counts suffice. */
export function planDetail(plan: RolloutPlan, facts: DetailFacts): string | undefined {
  const [refused] = plan.refused;
  switch (plan.reason) {
    case "UpdateRefused":
      return refused ? leftText(refused) : facts.failure;
    case "WaitingForAvailability":
      return facts.unready && `Pod ${nameOf(facts.unready)} is not ready`;
    case "NotUpgradable":
      return plan.notUpgradable[0] && leftText(plan.notUpgradable[0]);
    case "ImagesDrifted":
      return driftText(facts);
    default:
      return facts.failure;
  }
}

function leftText({ pod, message }: LeftPod): string {
  return `Pod ${nameOf(pod)}: ${message}`;
}

function driftText({ prepared, drifted }: DetailFacts): string | undefined {
  const [pod] = drifted;
  if (pod === undefined) return undefined;
  const [drift] = assessImages(pod, prepared).drift;
  if (drift === undefined) return undefined;
  const { container, foundImage, storedImage } = drift;
  return `${drifted.length} Pods, for example container ${container} of Pod ${nameOf(pod)} ` +
    `has ${foundImage} instead of ${storedImage}`;
}

function nameOf({ metadata: { namespace = "", name = "" } }: Pod): string {
  return `${namespace}/${name}`;
}

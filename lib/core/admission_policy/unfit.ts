import type { Obstacle } from "../reasons.ts";
import type { PolicyMember } from "./members.ts";
import { MAX_ANNOTATION_BYTES } from "../pod_metadata/annotation_size.ts";
import { MAX_POLICY_ANNOTATION_BYTES } from "../registration/left_to_webhook.ts";
import { clashOf, type Contender, disorderOf } from "./order.ts";

/**
 * Limits of one policy, measured on kube-apiserver 1.37. With 200 members (600 KB) it takes 4 s of CPU to compile
 * after every write, next to the requests. A Pod that gets one of them costs 6 ms of CPU more than without a policy;
 * 3 ms with 50 members, 2 ms with one.
 */
const MAX_MEMBERS = 200;
/** As JSON; etcd takes an object of 1.5 MiB. */
const MAX_POLICY_BYTES = 1_000_000;
/** The keys and braces of the records, and the default container. */
const COMMON_ANNOTATION_BYTES = 512;
/** What all members together may add to the annotations of a Pod. */
const MAX_ADDED_ANNOTATION_BYTES = MAX_ANNOTATION_BYTES - MAX_POLICY_ANNOTATION_BYTES -
  COMMON_ANNOTATION_BYTES;
/** Of one expression; the API server takes 100,000. */
export const MAX_EXPRESSION_CHARACTERS = 90_000;

/**
 * The members that have to stay with the webhook because of others: those that clash, those that would be out of
 * order with a SidecarSet of the webhook, and, by name, those beyond the limits. Each that goes to the webhook may
 * bring others out of order, so they are decided until nothing changes.
 *
 * @param members by name, in the order of the names
 * @param contenders all SidecarSets that are injected, in the same order
 */
export function unfitMembers(
  members: ReadonlyMap<string, PolicyMember>,
  contenders: readonly Contender[],
): ReadonlyMap<string, Obstacle> {
  const unfit = clashing(members, contenders);
  const isMember = ({ name }: Contender) => members.has(name) && !unfit.has(name);
  let added = contenders.filter((each) => !isMember(each));
  do {
    for (let i = 0; i < added.length; i++) {
      const webhook = added[i];
      if (webhook === undefined) continue;
      for (const policy of contenders.filter(isMember)) {
        const disorder = disorderOf({ policy, webhook });
        if (disorder === undefined) continue;
        unfit.set(policy.name, conflict(webhook, disorder));
        added.push(policy);
      }
    }
    const beyond = beyondLimits([...members.values()].filter(({ name }) => !unfit.has(name)));
    for (const [name, obstacle] of beyond) unfit.set(name, obstacle);
    added = contenders.filter(({ name }) => beyond.has(name));
  } while (added.length > 0);
  return unfit;
}

function clashing(
  members: ReadonlyMap<string, PolicyMember>,
  contenders: readonly Contender[],
): Map<string, Obstacle> {
  const byClaim = new Map<string, Contender[]>();
  for (const each of contenders) {
    for (const claim of each.claims.keys()) {
      const others = byClaim.get(claim);
      if (others === undefined) byClaim.set(claim, [each]);
      else others.push(each);
    }
  }
  const unfit = new Map<string, Obstacle>();
  for (const own of contenders) {
    if (!members.has(own.name)) continue;
    const others = new Set([...own.claims.keys()].flatMap((claim) => byClaim.get(claim) ?? []));
    others.delete(own);
    for (const other of others) {
      const clash = clashOf(own, other);
      if (clash === undefined) continue;
      unfit.set(own.name, conflict(other, clash));
      break;
    }
  }
  return unfit;
}

function beyondLimits(members: readonly PolicyMember[]): ReadonlyMap<string, Obstacle> {
  let bytes = 0;
  let added = 0;
  return new Map(members.flatMap(({ name, policyBytes, annotationBytes }, index) => {
    bytes += policyBytes;
    added += annotationBytes;
    const fits = index < MAX_MEMBERS && bytes <= MAX_POLICY_BYTES &&
      added <= MAX_ADDED_ANNOTATION_BYTES;
    return fits ? [] : [[name, tooLarge(`${index} SidecarSets come before it by name`)] as const];
  }));
}

/** @param why a clause that follows "because" */
export function tooLarge(why: string): Obstacle {
  return {
    reason: "PolicyTooLarge",
    message: `the policy has no room for the SidecarSet because ${why}: use the mechanism Webhook`,
  };
}

function conflict({ name }: Contender, why: string): Obstacle {
  return {
    reason: "PolicyOrderConflict",
    message: `SidecarSet ${name} can select the same Pods, and ${why}: ` +
      "rename one of the SidecarSets, use the same mechanism, or make the selectors disjoint",
    subject: name,
  };
}

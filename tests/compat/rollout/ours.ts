import type { Pod } from "../../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import type { RolloutPlan } from "../../../lib/core/rollout/contract.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import {
  classifyPod,
  countPods,
  hasTrait,
  type PodCounts,
  PodTrait,
} from "../../../lib/core/status/pod_class.ts";
import { NOW } from "./cases.ts";

/**
 * The program's plan for a case, and its counts; all its Pods are selected and those that do not match are left out.
 */
export function planFor(
  pods: readonly Pod[],
  prepared: PreparedSidecarSet,
  { finishesHotUpgrades }: { readonly finishesHotUpgrades: boolean },
): { readonly plan: RolloutPlan; readonly counts: PodCounts } {
  const classified = pods
    .map((pod) => ({ pod, podClass: classifyPod(pod, prepared, { selected: true }) }))
    .filter(({ podClass }) => hasTrait(podClass, PodTrait.Matched));
  const having = (trait: number, expected = true) =>
    classified.filter(({ podClass }) => hasTrait(podClass, trait) === expected).map(({ pod }) =>
      pod
    );
  const counts = countPods(classified.map(({ podClass }) => podClass));
  const plan = planRollout({
    prepared,
    counts,
    outdated: having(PodTrait.Updated, false),
    halfUpgraded: finishesHotUpgrades ? having(PodTrait.HalfUpgraded) : [],
    drifted: having(PodTrait.Drifted),
    matched: having(PodTrait.Matched),
    settling: having(PodTrait.Matched),
    classOf: (pod) => classifyPod(pod, prepared, { selected: true }),
    now: NOW,
    pending: new Set(),
    retryAt: new Map(),
    exists: (name) => name === prepared.name,
  });
  return { plan, counts };
}

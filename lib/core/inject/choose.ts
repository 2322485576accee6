import { ownMember } from "../../api/json.ts";
import { INJECTED_LIST_ANNOTATION } from "../../api/names.ts";
import type { UpgradeSpec } from "../../api/pod.ts";
import { injectedSidecarSets, isInjectedBy } from "../annotations/injected_list.ts";
import { recordedPatchHash } from "../annotations/pod_patches.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import { canaryBaseOf } from "../canary.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { Obstacle } from "../reasons.ts";
import { failed, type InjectRequest, leftOut, type Skip } from "./contract.ts";
import type { Planner } from "./planner.ts";
import { chooseRevision, ownRevision } from "./revision_choice.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** A SidecarSet that an earlier call has injected into the Pod. */
export interface Present {
  readonly prepared: PreparedSidecarSet;
  /** The revision that the Pod has; stays as it is. */
  readonly revision: string;
  /** Plan of that revision; undefined if the revision is unknown, so that its containers stay unchanged. */
  readonly plan: SidecarSetPlan | undefined;
}

/** What happens to each selecting SidecarSet, before the Pod's content is checked. */
export interface Choice {
  readonly present: readonly Present[];
  readonly chosen: readonly SidecarSetPlan[];
  readonly skipped: readonly Skip[];
}

/**
 * Sorts the selecting SidecarSets, in their order, into those that the Pod has, those it is to get, and those left
 * out with a reason. Source: `pkg/webhook/pod/mutating/sidecarset.go:sidecarsetMutatingPod`.
 */
export function choose(request: InjectRequest, planner: Planner): Choice {
  const { selecting } = request;
  const present: Present[] = [];
  const candidates: PreparedSidecarSet[] = [];
  const skipped: Skip[] = [];
  for (const prepared of selecting) {
    const found = findPresent(prepared, { request, planner });
    if (found !== undefined) {
      present.push(found);
      continue;
    }
    const paused = pausedObstacle(prepared);
    if (paused !== undefined) {
      skipped.push(leftOut(prepared, paused));
      continue;
    }
    const invalid = invalidObstacle(prepared);
    if (invalid === undefined) candidates.push(prepared);
    else skipped.push(failed(prepared, invalid));
  }
  const chosen: SidecarSetPlan[] = [];
  const rivals = rivalry(candidates, present);
  for (const prepared of candidates) {
    const rival = rivals(prepared);
    if (rival !== undefined) {
      skipped.push(leftOut(prepared, rival));
      continue;
    }
    const plan = planEffective(prepared, { request, planner });
    if ("reason" in plan) skipped.push(failed(prepared, plan));
    else chosen.push(plan);
  }
  return { present, chosen, skipped };
}

interface Context {
  readonly request: InjectRequest;
  readonly planner: Planner;
}

function planEffective(
  prepared: PreparedSidecarSet,
  { request, planner }: Context,
): SidecarSetPlan | Obstacle {
  const { pinned, obstacle } = chooseRevision(prepared, request);
  if (obstacle !== undefined) return obstacle;
  return pinned === undefined ? planner.current(prepared) : planner.restored(prepared, pinned);
}

function findPresent(
  prepared: PreparedSidecarSet,
  { request, planner }: Context,
): Present | undefined {
  const { pod } = request;
  if (ownMember(pod.metadata.annotations, INJECTED_LIST_ANNOTATION) === undefined) return undefined;
  if (!injectedSidecarSets(pod).includes(prepared.name)) return undefined;
  const specs = readUpgradeSpecs(pod);
  const recorded = specs.ok ? specs.value.full.get(prepared.name) : undefined;
  const plan = planRecorded(prepared, { recorded, request, planner });
  const isThere = isInjectedBy(pod, prepared.sidecarSet) ||
    (plan !== undefined && isInjectedBy(pod, plan.prepared.sidecarSet)) ||
    (plan?.sidecars.length === 0 && recorded !== undefined);
  if (!isThere) return undefined;
  return { prepared, revision: recorded?.controllerRevision ?? "", plan };
}

/** The plan of what the Pod records to have been injected. */
function planRecorded(
  prepared: PreparedSidecarSet,
  { recorded, request, planner }: Context & { recorded: UpgradeSpec | undefined },
): SidecarSetPlan | undefined {
  if (prepared.problems.length > 0) return undefined;
  const patchHash = recordedPatchHash(request.pod, prepared.name);
  // Without a record, OpenKruise has injected it in this creation.
  const isCurrent = recorded?.hash === prepared.hash &&
    (patchHash === undefined || patchHash === prepared.patchHash);
  if (recorded === undefined || isCurrent) return planner.current(prepared);
  const name = recorded.controllerRevision;
  const revision = name === undefined ? undefined : ownRevision(prepared, { name, request });
  if (revision === undefined) return undefined;
  const plan = planner.restored(prepared, revision);
  return "reason" in plan ? undefined : plan;
}

function pausedObstacle({ sidecarSet }: PreparedSidecarSet): Obstacle | undefined {
  if (sidecarSet.spec.injectionStrategy?.paused !== true) return undefined;
  return {
    reason: "InjectionPaused",
    message: "spec.injectionStrategy.paused is true: set it to false for new Pods to be injected",
  };
}

function invalidObstacle({ problems: [problem] }: PreparedSidecarSet): Obstacle | undefined {
  return problem && {
    reason: "InvalidSidecarSet",
    message: `${problem.field} ${problem.message}`,
    subject: problem.field,
  };
}

const NO_RIVALS = () => undefined;

/** Of a canary and its base a Pod gets one: the one it has, else the canary. */
function rivalry(
  candidates: readonly PreparedSidecarSet[],
  present: readonly Present[],
): (prepared: PreparedSidecarSet) => Obstacle | undefined {
  const had = present.map(({ prepared }) => prepared);
  const canaries = new Map<string, string>();
  for (const group of [candidates, had]) {
    for (const prepared of group) {
      const base = canaryBaseOf(prepared.sidecarSet);
      if (base) canaries.set(base, prepared.name);
    }
  }
  if (canaries.size === 0) return NO_RIVALS;
  const names = new Set(had.map(({ name }) => name));
  return (prepared) => {
    const canary = canaries.get(prepared.name);
    if (canary !== undefined) {
      return {
        reason: "CanaryTakesOver",
        message:
          `its canary ${canary} selects the Pod too: delete the canary to inject the base again`,
        subject: canary,
      };
    }
    const base = canaryBaseOf(prepared.sidecarSet);
    if (!base || !names.has(base)) return undefined;
    return {
      reason: "SidecarNameConflict",
      message: `the Pod has been injected by ${base}, of which this is a canary: recreate the Pod`,
    };
  };
}

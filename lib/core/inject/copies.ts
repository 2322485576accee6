import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import { HOT_UPGRADE_SUFFIXES, INJECTED_LIST_ANNOTATION } from "../../api/names.ts";
import type { Pod, UpgradeSpec } from "../../api/pod.ts";
import { injectedSidecarSets, isMarkedInjected } from "../annotations/injected_list.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { InjectRequest } from "./contract.ts";
import { isCopy } from "./copy_evidence.ts";
import { removals, withoutInjected } from "./injected_parts.ts";
import type { Planner } from "./planner.ts";
import { ownRevision, pinnedRevision } from "./revision_choice.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** The Pod without the parts injected into its original, and the operations that remove them. */
export interface Cleared {
  readonly pod: Pod;
  readonly operations: readonly JsonPatchOperation[];
}

/**
 * Removes injected parts from a Pod that is created from an exported one (`kubectl replace --force`, `kubectl debug
 * --copy-to`, a restored backup), so that it gets what a new Pod gets. A SidecarSet that new Pods do not get now,
 * because it is paused or invalid, stays as copied.
 */
export function clearCopies(request: InjectRequest, planner: Planner): Cleared {
  const { pod } = request;
  const { annotations, uid } = pod.metadata;
  if (uid !== undefined || ownMember(annotations, INJECTED_LIST_ANNOTATION) === undefined) {
    return { pod, operations: [] };
  }
  const specs = readUpgradeSpecs(pod);
  if (!specs.ok) return { pod, operations: [] };
  const listed = new Set(injectedSidecarSets(pod));
  let cleared = pod;
  for (const prepared of request.selecting) {
    if (!listed.has(prepared.name)) continue;
    const recorded = specs.value.full.get(prepared.name);
    const plans = plansOf(prepared, { recorded, request, planner });
    if (plans === undefined) continue;
    const containers = injectedContainers(pod, { recorded, plans: plans.all });
    const sidecarSet = prepared.name;
    const prospects = plans.prospects.map((plan) => plan.prepared);
    if (!isCopy(pod, { sidecarSet, recorded, containers, prospects }, request.now)) continue;
    const volumes = plans.recorded?.volumes ?? [];
    cleared = withoutInjected(cleared, { sidecarSet, containers, volumes });
  }
  return { pod: cleared, operations: cleared === pod ? [] : removals(pod, cleared) };
}

interface Plans {
  /** Plans that new Pods can get. */
  readonly prospects: readonly SidecarSetPlan[];
  /** Plan of the revision that the Pod records, if that revision is known. */
  readonly recorded: SidecarSetPlan | undefined;
  readonly all: readonly SidecarSetPlan[];
}

function plansOf(
  prepared: PreparedSidecarSet,
  { recorded, request, planner }: {
    readonly recorded: UpgradeSpec | undefined;
    readonly request: InjectRequest;
    readonly planner: Planner;
  },
): Plans | undefined {
  const { injectionStrategy } = prepared.sidecarSet.spec;
  if (prepared.problems.length > 0 || injectionStrategy?.paused === true) return undefined;
  const { pinned, obstacle } = pinnedRevision(prepared, request.revisionsOf(prepared.name));
  if (obstacle !== undefined) return undefined;
  const current = planner.current(prepared);
  const prospects: SidecarSetPlan[] = [];
  if (pinned === undefined || injectionStrategy?.revision?.policy === "Partial") {
    prospects.push(current);
  }
  if (pinned !== undefined) {
    const restored = planner.restored(prepared, pinned);
    if ("reason" in restored) return undefined;
    prospects.push(restored);
  }
  const name = recorded?.controllerRevision;
  const revision = name === undefined ? undefined : ownRevision(prepared, { name, request });
  const old = revision === undefined ? undefined : planner.restored(prepared, revision);
  const known = recorded?.hash === prepared.hash
    ? current
    : old !== undefined && !("reason" in old)
    ? old
    : undefined;
  return { prospects, recorded: known, all: [current, ...prospects, ...(known ? [known] : [])] };
}

/** Names of marked containers in the Pod that the SidecarSet injects, or injected at the recorded revision. */
function injectedContainers(
  { spec }: Pod,
  { recorded, plans }: {
    readonly recorded: UpgradeSpec | undefined;
    readonly plans: readonly SidecarSetPlan[];
  },
): ReadonlySet<string> {
  const names = new Set(plans.flatMap(({ containerNames }) => [...containerNames]));
  for (const sidecar of recorded?.sidecarList ?? []) {
    for (const suffix of ["", ...HOT_UPGRADE_SUFFIXES]) names.add(sidecar + suffix);
  }
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  return new Set(
    all.filter((container) => names.has(container.name) && isMarkedInjected(container))
      .map(({ name }) => name),
  );
}

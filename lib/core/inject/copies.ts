import { isObject, type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import { HOT_UPGRADE_SUFFIXES, INJECTED_LIST_ANNOTATION } from "../../api/names.ts";
import type { Pod, UpgradeSpec } from "../../api/pod.ts";
import { versionAnnotation, workingContainers } from "../annotations/hot_upgrade.ts";
import { idleRecords } from "../annotations/image_records.ts";
import { injectedSidecarSets, isMarkedInjected } from "../annotations/injected_list.ts";
import { readInPlaceStates, readRestartCounts } from "../annotations/inplace_state.ts";
import { recordedPatchHash } from "../annotations/pod_patches.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import type { InjectRequest } from "./contract.ts";
import { removals, withoutInjected } from "./injected_parts.ts";
import type { Planner } from "./planner.ts";
import { ownRevision, pinnedRevision } from "./revision_choice.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** The Pod without the parts injected into its original, and the operations that remove them. */
interface Cleared {
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
  const isCurrent = recorded?.hash === prepared.hash &&
    recordedPatchHash(request.pod, prepared.name) === prepared.patchHash;
  const known = isCurrent ? current : old !== undefined && !("reason" in old) ? old : undefined;
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

/** A creation lasts at most a minute, the API server's request timeout. */
const MAX_CREATION_MS = 60_000;
/** By how much the clocks of the API server and of this process may differ. */
const MAX_CLOCK_SKEW_MS = 10_000;

/** The Pod's records of one SidecarSet. */
interface PodRecord {
  readonly sidecarSet: string;
  /** Its entry of the hash annotation, where it has one. */
  readonly recorded: UpgradeSpec | undefined;
  /** Names of its containers in the Pod. */
  readonly containers: ReadonlySet<string>;
  /** The SidecarSet as new Pods get it: at the current revision, at a pinned one, or at either. */
  readonly prospects: readonly PreparedSidecarSet[];
}

/**
 * Whether a Pod under creation is a copy of a stored one that a SidecarSet was injected into. A Pod has no uid in
 * the first or a second call of its creation, but:
 * - only a stored Pod has records of in-place changes;
 * - `managedFields` are computed from the client's request before webhooks are called, so they contain the
 * annotations of a copy, and not those added by an earlier call;
 * - the first call for a copy renews its records, so a second call finds the revision and time of this creation.
 * Without `managedFields` (offline), only an old record of an old revision identifies a copy.
 */
function isCopy(pod: Pod, record: PodRecord, now: Date): boolean {
  if (hasChanged(pod, record)) return true;
  const hasProspect = record.prospects.some((prospect) => isAt(record.recorded, prospect));
  const injectedAt = Date.parse(record.recorded?.updateTimestamp ?? "");
  const sentAt = sendTimeOf(pod.metadata);
  if (sentAt === "never") return false;
  if (sentAt !== undefined) return !hasProspect || !(injectedAt >= sentAt - MAX_CLOCK_SKEW_MS);
  return !hasProspect && record.recorded !== undefined &&
    !(Math.abs(now.getTime() - injectedAt) <= MAX_CREATION_MS);
}

/** Whether anything of the Pod was changed after it had been stored. */
function hasChanged(pod: Pod, { sidecarSet, containers }: PodRecord): boolean {
  if (readInPlaceStates(pod)?.has(sidecarSet) || readRestartCounts(pod).has(sidecarSet)) {
    return true;
  }
  if (idleRecords(pod).keys().some((name) => containers.has(name))) return true;
  const [, second] = HOT_UPGRADE_SUFFIXES;
  return workingContainers(pod).values().some((name) =>
    containers.has(name) &&
    (name.endsWith(second) || !["0", "1"].includes(versionOf(pod, name)))
  );
}

function versionOf({ metadata: { annotations } }: Pod, container: string): string {
  return ownMember(annotations, versionAnnotation(container)) ?? "0";
}

function isAt(recorded: UpgradeSpec | undefined, prospect: PreparedSidecarSet): boolean {
  if (recorded?.hash !== prospect.hash) return false;
  const { controllerRevision = "" } = recorded;
  return controllerRevision === "" || prospect.revisionName === "" ||
    controllerRevision === prospect.revisionName;
}

/**
 * Time in milliseconds at which a client sent the injection's annotations; `never` if they were added later,
 * undefined if unknown.
 */
function sendTimeOf({ managedFields }: ObjectMeta): number | "never" | undefined {
  if (!Array.isArray(managedFields) || managedFields.length === 0) return undefined;
  const times = managedFields
    .filter(({ fieldsV1 }) => ownsAnnotation(fieldsV1, INJECTED_LIST_ANNOTATION))
    .map(({ time }) => Date.parse(time ?? ""));
  return times.length === 0 ? "never" : Math.max(...times);
}

function ownsAnnotation(fields: unknown, annotation: string): boolean {
  const metadata = isObject(fields) ? fields["f:metadata"] : undefined;
  const annotations = isObject(metadata) ? metadata["f:annotations"] : undefined;
  return isObject(annotations) && Object.hasOwn(annotations, `f:${annotation}`);
}

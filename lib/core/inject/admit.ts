import { isDeepStrictEqual } from "node:util";
import type { Container, Volume } from "../../api/container.ts";
import { ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import {
  POD_PATCHES_ANNOTATION,
  podPatches,
  podPatchesText,
  type PodPatchRecord,
  type PodPatchRecords,
  withPatchedLabels,
} from "../annotations/pod_patches.ts";
import { readUpgradeSpecs } from "../annotations/upgrade_specs.ts";
import { canaryBaseOf } from "../canary.ts";
import { AnnotationSize } from "../pod_metadata/annotation_size.ts";
import { patchMetadata, type PresentMetadata } from "../pod_metadata/patch.ts";
import { unpatched } from "../pod_metadata/unpatched.ts";
import type { Obstacle } from "../reasons.ts";
import type { Choice } from "./choose.ts";
import { firstConflict, occupy } from "./conflicts.ts";
import { failed, type InjectRequest, type Skip } from "./contract.ts";
import { type Occupied, occupiedBy } from "./occupied.ts";
import { type AppliedPatches, OwnContainers } from "./own_containers.ts";
import { podFitObstacle } from "./pod_fit.ts";
import { podResourcesObstacle } from "./pod_resources.ts";
import { podSecurityObstacle } from "./pod_security.ts";
import { PodSources } from "./pod_sources.ts";
import { computeResources, resourceCandidates, type ResourcesBySidecar } from "./resources.ts";
import { sharingObstacle } from "./shared_volumes.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";
import { neededVolumes, type SidecarSetPlan } from "./sidecarset_plan.ts";

/** A SidecarSet that fits into the Pod, with what the checks computed. */
export interface Admitted {
  readonly plan: SidecarSetPlan;
  readonly resources: ResourcesBySidecar;
  /** The volumes that it adds; the Pod's volume of the same name stays, as upstream. */
  readonly volumes: readonly Volume[];
}

/** The Pod with all that has been admitted to it. */
export interface Admission {
  readonly admitted: readonly Admitted[];
  readonly skipped: readonly Skip[];
  readonly occupied: Occupied;
  /** Annotations that `patchPodMetadata` changes, and the record of patches. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Labels that `patchPodMetadata` changes. */
  readonly labels: ReadonlyMap<string, string>;
  /** The Pod's own containers with the patches of `patchContainers`. */
  readonly own: OwnContainers;
  /** Names of volumes that patches of SidecarSets of earlier calls use. */
  readonly patchedVolumes: ReadonlySet<string>;
  /** Patches that find no container. */
  readonly untargeted: readonly { readonly sidecarSet: string; readonly field: string }[];
  /** The Pod's own containers, the possible targets of resources policies. */
  readonly candidates: () => readonly Container[];
  /** Mounts, devices and variables of the Pod's containers, without patches. */
  readonly sources: PodSources;
}

/**
 * Admits the chosen SidecarSets in order, each if it fits into the Pod in addition to those before it. A SidecarSet
 * that does not fit changes nothing, not even annotations.
 */
export function admit(request: InjectRequest, choice: Choice): Admission {
  const { pod, namespace } = request;
  const occupied = occupiedBy(pod, choice.present.flatMap(({ plan }) => plan ?? []));
  const candidates = lazy(() => resourceCandidates(pod, namesOfSidecars(choice, occupied)));
  const sources = new PodSources(unpatched(pod), occupied.ours.containers);
  const unreadable = recordsObstacle(pod);
  const annotations = new Map<string, string>();
  const labels = new Map<string, string>();
  const records = presentRecords(pod, choice);
  const own = new OwnContainers(occupied, records);
  const again = patchAgain(choice, { own, records });
  const recorded = podPatchesText(records);
  if (again.isChanged && recorded !== null) annotations.set(POD_PATCHES_ANNOTATION, recorded);
  const untargeted = [...again.untargeted];
  const size = new AnnotationSize(request);
  const metadata: PresentMetadata = {
    annotation: (key) => annotations.get(key) ?? ownMember(pod.metadata.annotations, key),
    label: (key) => labels.get(key) ?? ownMember(pod.metadata.labels, key),
  };
  const admitted: Admitted[] = [];
  const skipped: Skip[] = [];
  for (const plan of choice.chosen) {
    const surroundings = { pod, occupied };
    const findings = (plan.sidecars.length > 0 ? unreadable : undefined) ??
      firstConflict(plan, surroundings) ??
      sharingObstacle(plan, { pod, sources }) ??
      podSecurityObstacle(plan, { pod, namespace, occupied }) ??
      podFitObstacle(plan, pod) ??
      depend(plan, { pod, admitted, candidates, metadata, records, own });
    if ("reason" in findings) {
      skipped.push(failed(plan.prepared, findings));
      continue;
    }
    const obstacle = selectionObstacle(plan, { request, labels, added: findings.labels }) ??
      size.admit({ plan, changes: findings.annotations }, {
        ...{ admitted, annotations },
        skipped: () => [...choice.skipped, ...skipped].map(({ sidecarSet }) => sidecarSet),
      });
    if (obstacle !== undefined) {
      skipped.push(failed(plan.prepared, obstacle));
      continue;
    }
    const { patches, record } = findings;
    for (const [key, value] of findings.annotations) annotations.set(key, value);
    for (const [key, value] of findings.labels) labels.set(key, value);
    if (record !== undefined) records.set(plan.name, record);
    own.keep(patches);
    for (const field of patches.untargeted) untargeted.push({ sidecarSet: plan.name, field });
    const volumes = neededVolumes(plan, patches.volumes)
      .filter(({ name }) => !occupied.volumes.has(name));
    occupy(plan, { ...surroundings, volumes });
    admitted.push({ plan, resources: findings.resources, volumes });
  }
  return {
    ...{ admitted, skipped, occupied, annotations, labels, candidates, sources },
    ...{ own, untargeted, patchedVolumes: again.volumes },
  };
}

/** Records of the Pod's SidecarSets; those of others were copied from another Pod. */
function presentRecords(pod: Pod, { present }: Choice): Map<string, PodPatchRecord> {
  const records = podPatches(pod);
  if (records.size === 0) return new Map();
  const names = new Set(present.map(({ prepared }) => prepared.name));
  return new Map([...records].filter(([name]) => names.has(name)));
}

/**
 * Applies the patches of SidecarSets of earlier calls to what other webhooks have changed since, such as an added
 * container.
 */
function patchAgain(
  { present }: Choice,
  { own, records }: { own: OwnContainers; records: Map<string, PodPatchRecord> },
): Pick<Admission, "untargeted"> & { isChanged: boolean; volumes: ReadonlySet<string> } {
  let isChanged = false;
  const volumes = new Set<string>();
  const untargeted: { sidecarSet: string; field: string }[] = [];
  for (const { plan } of present) {
    if (plan === undefined || plan.patches.length === 0) continue;
    const patches = own.apply(plan, { isPresent: true });
    if ("reason" in patches || patches.record === undefined) continue;
    own.keep(patches);
    for (const volume of patches.volumes) volumes.add(volume);
    for (const field of patches.untargeted) untargeted.push({ sidecarSet: plan.name, field });
    if (isDeepStrictEqual(patches.record, records.get(plan.name))) continue;
    records.set(plan.name, patches.record);
    isChanged = true;
  }
  return { isChanged, volumes, untargeted };
}

interface Findings {
  readonly resources: ResourcesBySidecar;
  /** With the record of patches. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly patches: AppliedPatches;
  /** What the SidecarSet changes of the Pod's own parts; undefined if nothing. */
  readonly record: PodPatchRecord | undefined;
}

/** Computes the resources, metadata and patches that depend on the Pod, or returns why that fails. */
function depend(
  plan: SidecarSetPlan,
  { pod, admitted, candidates, metadata, records, own }: {
    pod: Pod;
    admitted: readonly Admitted[];
    candidates: () => readonly Container[];
    metadata: PresentMetadata;
    records: PodPatchRecords;
    own: OwnContainers;
  },
): Findings | Obstacle {
  const resources = new Map<SidecarPlan, NonNullable<Container["resources"]>>();
  for (const sidecar of plan.sidecars) {
    if (sidecar.resourcesPolicy?.ok !== true) continue;
    const computed = computeResources(sidecar.resourcesPolicy.value, {
      candidates: candidates(),
      present: sidecar.sidecar.resources,
    });
    if (!computed.ok) {
      const field = `spec.${sidecar.list}[${sidecar.sidecar.name}].resourcesPolicy`;
      const { reason, message } = computed;
      return { reason, message: `${field}: ${message}`, subject: field };
    }
    resources.set(sidecar, computed.resources);
  }
  const excess = podResourcesObstacle({ plan, resources }, { pod, admitted });
  if (excess !== undefined) return excess;
  const patches = own.apply(plan, { isPresent: false });
  if ("reason" in patches) return patches;
  const changed = patchMetadata(plan.prepared.sidecarSet.spec.patchPodMetadata, metadata);
  if (!changed.ok) return changed.obstacle;
  const { annotations, labels } = changed;
  const record = labels.size === 0
    ? patches.record
    : withPatchedLabels(patches.record, { labels, before: metadata.label });
  if (record === undefined) return { resources, annotations, labels, patches, record };
  const text = podPatchesText(new Map([...records, [plan.name, record]])) ?? "";
  return {
    resources,
    annotations: new Map([...annotations, [POD_PATCHES_ANNOTATION, text]]),
    ...{ labels, patches, record },
  };
}

/**
 * Why labels cannot be set: with them a SidecarSet that selects the Pod would no longer do so, or a canary would take
 * the Pod over from the SidecarSet that sets them. So the selection only grows, and a second call finds the same.
 */
function selectionObstacle(
  plan: SidecarSetPlan,
  { request, labels, added }: {
    request: InjectRequest;
    /** Labels that SidecarSets before this one change. */
    labels: ReadonlyMap<string, string>;
    /** Labels that this one changes. */
    added: ReadonlyMap<string, string>;
  },
): Obstacle | undefined {
  if (added.size === 0) return undefined;
  const matchedWith = (changes: ReadonlyMap<string, string>) =>
    request.match({ ...request.pod.metadata.labels, ...Object.fromEntries(changes) });
  const matched = matchedWith(new Map([...labels, ...added]));
  const names = new Set(matched.map(({ name }) => name));
  const lost = matchedWith(labels).find(({ name }) => !names.has(name)) ??
    matched.find((each) => canaryBaseOf(each.sidecarSet) === plan.name);
  return lost && {
    reason: "LabelConflict",
    message: `a label of spec.patchPodMetadata would ${
      names.has(lost.name) ? "make the Pod one of its canary" : "remove the Pod from SidecarSet"
    } ${lost.name}, whose selector uses it: set another label, or change that selector`,
    subject: lost.name,
  };
}

/** Unreadable records of earlier injections stop the injection, as writing would overwrite them. */
export function recordsObstacle(pod: Pod): Obstacle | undefined {
  const specs = readUpgradeSpecs(pod);
  if (specs.ok) return undefined;
  const [problem] = specs.problems;
  return { reason: "AnnotationNotJson", message: `${problem?.field} ${problem?.message}` };
}

/** Names that resources policies do not target: all sidecars, and containers injected by an earlier call. */
function namesOfSidecars(
  { present, chosen }: Choice,
  { ours }: Occupied,
): ReadonlySet<string> {
  const names = new Set(ours.containers);
  for (const plan of [...present.flatMap((each) => each.plan ?? []), ...chosen]) {
    for (const name of plan.sidecarNames) names.add(name);
  }
  return names;
}

/** A value that is worked out when it is first asked for, and then kept. */
function lazy<T>(compute: () => T): () => T {
  let computed: { readonly value: T } | undefined;
  return () => (computed ??= { value: compute() }).value;
}

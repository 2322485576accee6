import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
} from "../../api/names.ts";
import type { Pod } from "../../api/pod.ts";
import type { SpecField } from "../../api/sidecarset.ts";
import type { Admission, Admitted } from "./admit.ts";
import type { Choice } from "./choose.ts";
import type { InjectRequest } from "./contract.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";
import { defaultContainer } from "../pod_metadata/default_container.ts";
import { derivedParts } from "./write_containers.ts";
import { writePatch } from "./write_patch.ts";

/** Writes the patch for each Pod, and returns the same frozen patch for Pods that get the same. */
export type PatchWriter = (
  request: Pick<InjectRequest, "pod" | "now">,
  decisions: Decisions,
) => readonly JsonPatchOperation[];

/** What a patch depends on in addition to the Pod. */
export interface Decisions {
  readonly choice: Choice;
  readonly admission: Admission;
}

/** Everything that a shared patch depends on, apart from the SidecarSets. */
interface Form {
  readonly hasInitContainers: boolean;
  readonly hasVolumes: boolean;
  readonly hasAnnotations: boolean;
  /** Value of kubectl's default-container annotation. */
  readonly defaultContainer: string | undefined;
  /** What the sidecars take from the Pod, such as shared mounts, as JSON. */
  readonly derived: string;
}

interface Written {
  readonly plans: readonly SidecarSetPlan[];
  readonly form: Form;
  readonly patch: readonly JsonPatchOperation[];
}

/** Maximum number of patches to keep per SidecarSet. */
const MAX_KEPT = 64;

const RECORDS = [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, INJECTED_LIST_ANNOTATION];

/**
 * A writer with an empty cache. Pods of one workload are created together and look alike, so a patch written within
 * the same second is reused; the review of such a Pod skips building and serializing it.
 */
export function createPatchWriter(): PatchWriter {
  // Of one second. Keyed by the first plan, then by the parts of the form that differ most.
  let memory = new WeakMap<SidecarSetPlan, Map<string, Written>>();
  let second = 0;

  return function write({ pod, now }, decisions) {
    const { admitted } = decisions.admission;
    const first = admitted[0]?.plan;
    if (first === undefined || takesFromPod(pod, decisions)) {
      return writePatch({ pod, now }, decisions);
    }
    const current = Math.floor(now.getTime() / 1000);
    if (current !== second) memory = new WeakMap();
    second = current;
    const plans = admitted.map(({ plan }) => plan);
    const derived = derivedParts(pod, decisions.admission);
    const form = formOf(pod, {
      defaultContainer: defaultContainer(pod, plans),
      derived: derived.size === 0 ? "" : JSON.stringify([...derived.values()]),
    });
    const kept = memory.get(first) ?? new Map<string, Written>();
    const key = `${form.defaultContainer} ${form.derived}`;
    const written = kept.get(key);
    if (written && isFor(written, { admitted, form })) return written.patch;
    // Written for a Pod that has only the form, so that the patch cannot depend on more.
    const patch = Object.freeze(writePatch({ pod: podOf(form), now }, decisions, derived));
    if (kept.size >= MAX_KEPT) kept.clear();
    memory.set(first, kept.set(key, { plans, form, patch }));
    return patch;
  };
}

/** Whether a field of the spec makes the patch for this Pod depend on the Pod. */
type DependsOnPod = (admission: Admission, pod: Pod) => boolean;

const never: DependsOnPod = () => false;
/** What other sidecars take from the Pod is part of the form. The Pod may have the versions of a pair already. */
const hasPairs: DependsOnPod = ({ admitted }) => admitted.some(({ plan }) => plan.hasPairs);

/** One entry for every field of the spec; the compiler reports a missing one. */
const DEPENDS_ON_POD: Readonly<Record<SpecField, DependsOnPod>> = {
  // These decide whether, and as of which revision, the SidecarSet is admitted.
  selector: never,
  namespace: never,
  namespaceSelector: never,
  injectionStrategy: never,
  failurePolicy: never,
  // These are about running Pods and revisions.
  updateStrategy: never,
  cleanupPolicy: never,
  missedPodPolicy: never,
  revisionHistoryLimit: never,
  customVersion: never,
  // These write to the Pod.
  initContainers: hasPairs,
  containers: hasPairs,
  volumes: ({ admitted }) =>
    admitted.some(({ plan, volumes }) => volumes.length < plan.volumes.length),
  imagePullSecrets: ({ admitted }, { spec }) => changesPullSecrets(spec.imagePullSecrets, admitted),
  patchContainers: ({ admitted }) => admitted.some(({ plan }) => plan.patches.length > 0),
  patchPodMetadata: ({ annotations, labels }) => annotations.size + labels.size > 0,
  conflictPolicy: ({ occupied }) => occupied.replaced.size > 0,
};

const CHECKS = new Set(Object.values(DEPENDS_ON_POD).filter((check) => check !== never));

/**
 * Whether the patch depends on the Pod's content: on records of earlier injections, or through a field of a spec.
 */
function takesFromPod(pod: Pod, { admission }: Decisions): boolean {
  const { annotations } = pod.metadata;
  if (RECORDS.some((key) => ownMember(annotations, key) !== undefined)) return true;
  for (const dependsOnPod of CHECKS) if (dependsOnPod(admission, pod)) return true;
  return false;
}

function changesPullSecrets(
  present: Pod["spec"]["imagePullSecrets"],
  admitted: readonly Admitted[],
): boolean {
  if (!present) return false;
  return new Set(present.map(({ name }) => name)).size < present.length ||
    admitted.some(({ plan }) => plan.prepared.sidecarSet.spec.imagePullSecrets !== undefined);
}

function formOf(
  { metadata, spec }: Pod,
  { defaultContainer, derived }: Pick<Form, "defaultContainer" | "derived">,
): Form {
  return {
    hasInitContainers: Boolean(spec.initContainers),
    hasVolumes: Boolean(spec.volumes),
    hasAnnotations: Boolean(metadata.annotations),
    defaultContainer,
    derived,
  };
}

function podOf({ hasInitContainers, hasVolumes, hasAnnotations, defaultContainer }: Form): Pod {
  return {
    metadata: hasAnnotations ? { annotations: {} } : {},
    spec: {
      containers: defaultContainer === undefined ? [] : [{ name: defaultContainer }],
      ...(hasInitContainers ? { initContainers: [] } : {}),
      ...(hasVolumes ? { volumes: [] } : {}),
    },
  };
}

function isFor(
  { plans, form: known }: Written,
  { admitted, form }: { admitted: readonly Admitted[]; form: Form },
): boolean {
  return known.hasInitContainers === form.hasInitContainers &&
    known.hasVolumes === form.hasVolumes && known.hasAnnotations === form.hasAnnotations &&
    known.defaultContainer === form.defaultContainer && known.derived === form.derived &&
    plans.length === admitted.length && plans.every((plan, i) => plan === admitted[i]?.plan);
}

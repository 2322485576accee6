import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
} from "../../api/names.ts";
import type { Pod } from "../../api/pod.ts";
import type { Admission, Admitted } from "./admit.ts";
import type { Choice } from "./choose.ts";
import type { InjectRequest } from "./contract.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";
import { defaultContainer } from "./default_container.ts";
import { writePatch } from "./write_patch.ts";

/** Writes the patch of each Pod, and the very same one for Pods that are to get the same. */
export type PatchWriter = (
  request: Pick<InjectRequest, "pod" | "now">,
  decisions: Decisions,
) => readonly JsonPatchOperation[];

interface Decisions {
  readonly choice: Choice;
  readonly admission: Admission;
}

/** What a patch that takes nothing from the Pod depends on, beside the SidecarSets. */
interface Form {
  readonly second: number;
  readonly hasInitContainers: boolean;
  readonly hasVolumes: boolean;
  readonly hasAnnotations: boolean;
  /** The container that an annotation is to name. */
  readonly defaultContainer: string | undefined;
}

interface Written {
  readonly plans: readonly SidecarSetPlan[];
  readonly form: Form;
  readonly patch: readonly JsonPatchOperation[];
}

/** How many names of containers one SidecarSet's patches are kept for. */
const MAX_KEPT = 64;

const RECORDS = [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, INJECTED_LIST_ANNOTATION];

/** A writer that has written nothing yet. */
export function createPatchWriter(): PatchWriter {
  // A few patches for each SidecarSet, by the first one of a Pod: Pods that are created together look alike.
  const memory = new WeakMap<SidecarSetPlan, Map<string | undefined, Written>>();

  return function write({ pod, now }, decisions) {
    const { admitted } = decisions.admission;
    const first = admitted[0]?.plan;
    if (first === undefined || takesFromPod(pod, decisions)) {
      return writePatch({ pod, now }, decisions);
    }
    const plans = admitted.map(({ plan }) => plan);
    const form = { ...formOf(pod, now), defaultContainer: defaultContainer(pod, plans) };
    const kept = memory.get(first) ?? new Map<string | undefined, Written>();
    const written = kept.get(form.defaultContainer);
    if (written && isFor(written, { admitted, form })) return written.patch;
    // For no Pod in particular, so that it cannot depend on more than the form.
    const patch = Object.freeze(writePatch({ pod: podOf(form), now }, decisions));
    if (kept.size >= MAX_KEPT) kept.clear();
    memory.set(first, kept.set(form.defaultContainer, { plans, form, patch }));
    return patch;
  };
}

/** Whether the patch repeats, replaces or continues anything that the Pod holds. */
function takesFromPod({ metadata, spec }: Pod, { admission }: Decisions): boolean {
  const { admitted, annotations, occupied } = admission;
  return annotations.size > 0 || occupied.replaced.size > 0 ||
    admitted.some(({ plan, volumes }) =>
      plan.dependsOnPod || volumes.length < plan.volumes.length
    ) ||
    RECORDS.some((key) => ownMember(metadata.annotations, key) !== undefined) ||
    changesPullSecrets(spec.imagePullSecrets, admitted);
}

function changesPullSecrets(
  present: Pod["spec"]["imagePullSecrets"],
  admitted: readonly Admitted[],
): boolean {
  if (!present) return false;
  return new Set(present.map(({ name }) => name)).size < present.length ||
    admitted.some(({ plan }) => plan.prepared.sidecarSet.spec.imagePullSecrets !== undefined);
}

function formOf({ metadata, spec }: Pod, now: Date): Omit<Form, "defaultContainer"> {
  return {
    second: Math.floor(now.getTime() / 1000),
    hasInitContainers: Boolean(spec.initContainers),
    hasVolumes: Boolean(spec.volumes),
    hasAnnotations: Boolean(metadata.annotations),
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
  return known.second === form.second && known.hasInitContainers === form.hasInitContainers &&
    known.hasVolumes === form.hasVolumes && known.hasAnnotations === form.hasAnnotations &&
    known.defaultContainer === form.defaultContainer &&
    plans.length === admitted.length && plans.every((plan, i) => plan === admitted[i]?.plan);
}

import type { Container, LocalObjectReference, Volume } from "../../api/container.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
} from "../../api/names.ts";
import type { PatchPodMetadata } from "../../api/sidecarset.ts";
import { type ContainerList, isLongRunning } from "../inject/sidecar_plan.ts";
import type { SidecarSetPlan } from "../inject/sidecarset_plan.ts";
import { recordInjection } from "../pod_metadata/records.ts";

/** What one SidecarSet adds to a Pod. The policy has it as a literal; its expressions read the members. */
interface PolicyParts {
  readonly name: string;
  readonly front: readonly Container[];
  readonly behind: readonly Container[];
  readonly initFront: readonly Container[];
  readonly initBehind: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly secrets: readonly LocalObjectReference[];
  /** Images of the containers that run as long as the Pod. */
  readonly images: readonly { readonly name: string; readonly image: string }[];
  /** Entries of the two hash annotations. */
  readonly full: string;
  readonly withoutImage: string;
  /** Annotations that replace the Pod's, and those that the Pod's replace. */
  readonly overwritten: readonly PolicyAnnotation[];
  readonly retained: readonly PolicyAnnotation[];
}

/** An annotation that a policy writes. */
interface PolicyAnnotation {
  readonly key: string;
  readonly value: string;
}

/** @param injectedAt the time that the records contain, as a policy knows no clock */
export function partsOf(plan: SidecarSetPlan, injectedAt: Date): PolicyParts {
  const { spec } = plan.prepared.sidecarSet;
  const records = recordInjection([plan], {
    pod: { metadata: {}, spec: { containers: [] } },
    now: injectedAt,
    skipped: [],
  });
  const entryOf = (annotation: string) => records.get(annotation)?.slice(1, -1) ?? "";
  return {
    name: records.get(INJECTED_LIST_ANNOTATION) ?? "",
    front: containersOf(plan, { list: "containers", inFront: true }),
    behind: containersOf(plan, { list: "containers", inFront: false }),
    initFront: containersOf(plan, { list: "initContainers", inFront: true }),
    initBehind: containersOf(plan, { list: "initContainers", inFront: false }),
    volumes: plan.volumes,
    secrets: spec.imagePullSecrets ?? [],
    images: plan.sidecars.filter(isLongRunning).flatMap(({ containers }) => containers).map(
      ({ name, container }) => ({ name, image: container.image ?? "" }),
    ),
    full: entryOf(HASH_ANNOTATION),
    withoutImage: entryOf(HASH_WITHOUT_IMAGE_ANNOTATION),
    ...annotationsOf(spec.patchPodMetadata ?? []),
  };
}

function containersOf(
  { sidecars }: SidecarSetPlan,
  { list, inFront }: { list: ContainerList; inFront: boolean },
): Container[] {
  return sidecars.filter((sidecar) => sidecar.list === list && sidecar.inFront === inFront)
    .flatMap(({ containers }) => containers.map(({ container }) => container));
}

/** As `patchMetadata` applies the patches in order: the last `Overwrite` of a key, else the first `Retain`. */
function annotationsOf(
  patches: readonly PatchPodMetadata[],
): Pick<PolicyParts, "overwritten" | "retained"> {
  const overwritten = new Map<string, string>();
  const retained = new Map<string, string>();
  for (const { annotations = {}, patchPolicy } of patches) {
    for (const [key, value] of Object.entries(annotations)) {
      if (patchPolicy === "Overwrite") overwritten.set(key, value);
      else if (!retained.has(key)) retained.set(key, value);
    }
  }
  for (const key of overwritten.keys()) retained.delete(key);
  const listed = (values: ReadonlyMap<string, string>) =>
    [...values].map(([key, value]) => ({ key, value }));
  return { overwritten: listed(overwritten), retained: listed(retained) };
}

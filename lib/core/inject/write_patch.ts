import type { LocalObjectReference } from "../../api/container.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import {
  STORED_IMAGES_ANNOTATION,
  storedImages,
  storedImagesWith,
} from "../annotations/image_records.ts";
import { fitsAnnotations } from "../pod_metadata/annotation_size.ts";
import { writeMetadata } from "../pod_metadata/patch.ts";
import { recordInjection } from "../pod_metadata/records.ts";
import type { Admission, Admitted } from "./admit.ts";
import type { Choice, Present } from "./choose.ts";
import type { InjectRequest } from "./contract.ts";
import type { Occupied } from "./occupied.ts";
import { append } from "./operations.ts";
import { lostVolumes } from "./restore.ts";
import { isLongRunning } from "./sidecar_plan.ts";
import { transferContextOf } from "./env.ts";
import { derivedParts, writeContainers } from "./write_containers.ts";
import { writePresent } from "./write_present.ts";

/**
 * The patch for one Pod. It changes only what the SidecarSets define.
 *
 * @param derived what the sidecars take from the Pod
 */
export function writePatch(
  { pod, now }: Pick<InjectRequest, "pod" | "now">,
  { choice, admission }: { choice: Choice; admission: Admission },
  derived = derivedParts(pod, admission),
): JsonPatchOperation[] {
  const { admitted, annotations, labels, occupied } = admission;
  const context = transferContextOf(pod, admission);
  const present = writePresent(choice.present, { admission, context });
  const changes = new Map(annotations);
  // SidecarSets without containers are recorded only together with SidecarSets that have some.
  const isInjecting = admitted.some(({ plan }) => plan.sidecars.length > 0);
  if (isInjecting) {
    const patched = withAnnotations(pod, annotations);
    const skipped = [...choice.skipped, ...admission.skipped].map(({ sidecarSet }) => sidecarSet);
    const plans = admitted.map(({ plan }) => plan);
    for (const [key, value] of recordInjection(plans, { pod: patched, now, skipped })) {
      changes.set(key, value);
    }
  }
  const volumes = [
    ...lostVolumes(choice.present, { pod, occupied, patched: admission.patchedVolumes }),
    ...admitted.flatMap(({ volumes }) => volumes),
  ];
  for (const [key, value] of rewrittenImages(choice.present, { pod, occupied, changes })) {
    changes.set(key, value);
  }
  return [
    ...present,
    ...admission.own.operations(),
    ...isInjecting ? writeContainers(admission, { pod, derived }) : [],
    ...append("/spec/volumes", { present: pod.spec.volumes, added: volumes }),
    ...writePullSecrets(pod, { choice, admitted, isInjecting }),
    ...writeMetadata(pod, { field: "labels", changes: labels }),
    ...writeMetadata(pod, { field: "annotations", changes }),
  ];
}

/**
 * Removes duplicates from the Pod's pull secrets, as upstream, and appends those of the SidecarSets. Secrets of an
 * earlier call that another webhook removed are added again, or the sidecar's image could not be pulled.
 */
function writePullSecrets(
  pod: Pod,
  { choice, admitted, isInjecting }: {
    choice: Choice;
    admitted: readonly Admitted[];
    isInjecting: boolean;
  },
): JsonPatchOperation[] {
  const present = pod.spec.imagePullSecrets;
  const names = new Set<string | undefined>();
  const isNew = ({ name }: LocalObjectReference) => !names.has(name) && names.add(name) === names;
  const doubles: JsonPatchOperation[] = [];
  present?.forEach((secret, index) => {
    if (isNew(secret) || !isInjecting) return;
    doubles.unshift({ op: "remove", path: `/spec/imagePullSecrets/${index}` });
  });
  const plans = [
    ...choice.present.flatMap(({ plan }) => plan ?? []),
    ...isInjecting ? admitted.map(({ plan }) => plan) : [],
  ];
  const added = plans.flatMap(({ prepared }) =>
    prepared.sidecarSet.spec.imagePullSecrets?.filter(isNew) ?? []
  );
  return [...doubles, ...append("/spec/imagePullSecrets", { present, added })];
}

function withAnnotations(pod: Pod, changes: ReadonlyMap<string, string>): Pod {
  if (changes.size === 0) return pod;
  const annotations = { ...pod.metadata.annotations, ...Object.fromEntries(changes) };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/**
 * The annotation that records images other webhooks set in containers of an earlier call. The API server calls
 * again after such a change, so a second call sees them. Drift is then compared with the recorded images, not with
 * the SidecarSet's.
 *
 * @param changes annotations that the same patch changes
 */
function rewrittenImages(
  present: readonly Present[],
  { pod, occupied, changes }: {
    readonly pod: Pod;
    readonly occupied: Pick<Occupied, "places" | "ours">;
    readonly changes: ReadonlyMap<string, string>;
  },
): ReadonlyMap<string, string> {
  const { places, ours } = occupied;
  const known = storedImages(pod);
  const images = new Map<string, string>();
  const sidecars = present.flatMap(({ plan }) => plan?.sidecars ?? []);
  for (
    const { name, container } of sidecars.filter(isLongRunning).flatMap(({ containers }) =>
      containers
    )
  ) {
    const image = ours.containers.has(name) ? places.get(name)?.container.image : undefined;
    if (image === undefined || image === (known.get(name) ?? container.image)) continue;
    images.set(name, image);
  }
  if (images.size === 0) return images;
  const record = storedImagesWith(pod, images) ?? "";
  const annotations = { ...pod.metadata.annotations, ...Object.fromEntries(changes) };
  const isSmall = fitsAnnotations({ ...annotations, [STORED_IMAGES_ANNOTATION]: record });
  return isSmall ? new Map([[STORED_IMAGES_ANNOTATION, record]]) : new Map();
}

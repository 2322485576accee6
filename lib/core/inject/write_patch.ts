import type { LocalObjectReference } from "../../api/container.ts";
import { type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { Admission, Admitted } from "./admit.ts";
import type { Choice } from "./choose.ts";
import type { InjectRequest } from "./contract.ts";
import { append } from "./operations.ts";
import type { TransferContext } from "./transfer_env.ts";
import { recordInjection, writeAnnotations } from "./write_annotations.ts";
import { writeContainers } from "./write_containers.ts";
import { writePresent } from "./write_present.ts";

/** The whole patch, operation by operation; what the SidecarSets do not speak of is never rewritten. */
export function writePatch(
  { pod, now }: Pick<InjectRequest, "pod" | "now">,
  { choice, admission }: { choice: Choice; admission: Admission },
): JsonPatchOperation[] {
  const { admitted, annotations } = admission;
  const context: TransferContext = {
    pod,
    sources: admission.sources,
    annotation: (key) => annotations.get(key) ?? ownMember(pod.metadata.annotations, key),
  };
  const present = writePresent(choice.present, { admission, context });
  const changes = new Map(annotations);
  // SidecarSets without a container change annotations at most, unless they come along with one that has some.
  const isInjecting = admitted.some(({ plan }) => plan.sidecars.length > 0);
  if (isInjecting) {
    const patched = withAnnotations(pod, annotations);
    const skipped = [...choice.skipped, ...admission.skipped].map(({ sidecarSet }) => sidecarSet);
    for (const [key, value] of recordInjection(admitted, { pod: patched, now, skipped })) {
      changes.set(key, value);
    }
  }
  return [
    ...present,
    ...isInjecting ? writeAdded(pod, { admission, context }) : [],
    ...writeAnnotations(pod, changes),
  ];
}

function writeAdded(
  pod: Pod,
  { admission, context }: { admission: Admission; context: TransferContext },
): JsonPatchOperation[] {
  const { admitted } = admission;
  const volumes = admitted.flatMap(({ volumes }) => volumes);
  return [
    ...writeContainers(admission, context),
    ...append("/spec/volumes", { present: pod.spec.volumes, added: volumes }),
    ...writePullSecrets(pod, admitted),
  ];
}

/** The Pod's secrets lose doubles, as upstream; those of the SidecarSets come behind. */
function writePullSecrets(pod: Pod, admitted: readonly Admitted[]): JsonPatchOperation[] {
  const present = pod.spec.imagePullSecrets;
  const names = new Set<string | undefined>();
  const isNew = ({ name }: LocalObjectReference) => !names.has(name) && names.add(name) === names;
  const doubles: JsonPatchOperation[] = [];
  present?.forEach((secret, index) => {
    if (!isNew(secret)) doubles.unshift({ op: "remove", path: `/spec/imagePullSecrets/${index}` });
  });
  const added = admitted.flatMap(({ plan }) =>
    plan.prepared.sidecarSet.spec.imagePullSecrets?.filter(isNew) ?? []
  );
  return [...doubles, ...append("/spec/imagePullSecrets", { present, added })];
}

function withAnnotations(pod: Pod, changes: ReadonlyMap<string, string>): Pod {
  if (changes.size === 0) return pod;
  const annotations = { ...pod.metadata.annotations, ...Object.fromEntries(changes) };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

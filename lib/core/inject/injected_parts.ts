import type { Container, Volume } from "../../api/container.ts";
import { isObject, type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { pointerToken } from "../json/pointer.ts";
import { annotationsWithout } from "../pod_metadata/removal.ts";

/** The parts of a SidecarSet in a Pod. */
export interface InjectedParts {
  readonly sidecarSet: string;
  /** Names of its containers. */
  readonly containers: ReadonlySet<string>;
  /** Volumes of the SidecarSet, if its revision is known. */
  readonly volumes: readonly Volume[];
}

/** The Pod without the parts of a SidecarSet. A volume stays if other containers use it or its source differs. */
export function withoutInjected(
  pod: Pod,
  { sidecarSet, containers, volumes }: InjectedParts,
): Pod {
  const isKept = ({ name }: Container) => !containers.has(name);
  const kept = pod.spec.containers.filter(isKept);
  const init = pod.spec.initContainers?.filter(isKept);
  const used = new Set([...kept, ...(init ?? [])].flatMap(volumesUsedBy));
  const isOurs = (volume: Volume) =>
    !used.has(volume.name) &&
    volumes.some((ours) => ours.name === volume.name && holds(volume, ours));
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: annotationsWithout(pod, { sidecarSet, containers }) },
    spec: {
      ...pod.spec,
      containers: kept,
      ...(init === undefined ? {} : { initContainers: init }),
      ...(pod.spec.volumes === undefined
        ? {}
        : { volumes: pod.spec.volumes.filter((volume) => !isOurs(volume)) }),
    },
  };
}

function volumesUsedBy({ volumeMounts = [], volumeDevices = [] }: Container): string[] {
  return [...volumeMounts, ...volumeDevices].map(({ name }) => name);
}

/** Whether `value` contains everything in `wanted`; the API server adds defaults. */
function holds(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && value.length === wanted.length &&
      wanted.every((item, i) => holds(value[i], item));
  }
  if (!isObject(wanted)) return value === wanted;
  return isObject(value) &&
    Object.entries(wanted).every(([key, member]) => holds(ownMember(value, key), member));
}

/** The JSON patch for {@linkcode withoutInjected}: removals and changed annotations. */
export function removals(before: Pod, after: Pod): JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  for (const list of ["initContainers", "containers", "volumes"] as const) {
    const kept = new Set<unknown>(after.spec[list] ?? []);
    before.spec[list]?.forEach((item, index) => {
      // Last index first, so that the indices of the others stay valid.
      if (!kept.has(item)) operations.unshift({ op: "remove", path: `/spec/${list}/${index}` });
    });
  }
  const { annotations = {} } = after.metadata;
  for (const [key, value] of Object.entries(before.metadata.annotations ?? {})) {
    const wanted = ownMember(annotations, key);
    if (wanted === value) continue;
    const path = `/metadata/annotations/${pointerToken(key)}`;
    operations.push(
      wanted === undefined ? { op: "remove", path } : { op: "replace", path, value: wanted },
    );
  }
  return operations;
}

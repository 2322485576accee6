import type { Container, Volume } from "../../api/container.ts";
import { isObject, type JsonPatchOperation, ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { pointerToken } from "../json/patch.ts";
import { annotationsWithout } from "../pod_metadata/removal.ts";
import { unpatched, volumesUsedBy } from "../pod_metadata/unpatched.ts";

/** The parts of a SidecarSet in a Pod. */
interface InjectedParts {
  readonly sidecarSet: string;
  /** Names of its containers. */
  readonly containers: ReadonlySet<string>;
  /** Volumes of the SidecarSet, if its revision is known. */
  readonly volumes: readonly Volume[];
}

/** The Pod without the parts of a SidecarSet. A volume stays if other containers use it or its source differs. */
export function withoutInjected(
  given: Pod,
  { sidecarSet, containers, volumes }: InjectedParts,
): Pod {
  const pod = unpatched(given, (name) => name === sidecarSet);
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

/** Whether `value` contains everything in `expected`; the API server adds defaults. */
function holds(value: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    return Array.isArray(value) && value.length === expected.length &&
      expected.every((item, i) => holds(value[i], item));
  }
  if (!isObject(expected)) return value === expected;
  return isObject(value) &&
    Object.entries(expected).every(([key, member]) => holds(ownMember(value, key), member));
}

/** The JSON patch for {@linkcode withoutInjected}: removals and changed metadata. */
export function removals(before: Pod, after: Pod): JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  for (const list of ["initContainers", "containers", "volumes"] as const) {
    const kept = new Map<string, unknown>(after.spec[list]?.map((item) => [item.name, item]));
    before.spec[list]?.forEach((item, index) => {
      const path = `/spec/${list}/${index}`;
      const value = kept.get(item.name);
      // Last index first, so that the indices of the others stay valid.
      if (value === undefined) operations.unshift({ op: "remove", path });
      else if (value !== item) operations.unshift({ op: "replace", path, value });
    });
  }
  for (const field of ["annotations", "labels"] as const) {
    for (const [key, value] of Object.entries(before.metadata[field] ?? {})) {
      const expected = ownMember(after.metadata[field], key);
      if (expected === value) continue;
      const path = `/metadata/${field}/${pointerToken(key)}`;
      operations.push(
        expected === undefined ? { op: "remove", path } : { op: "replace", path, value: expected },
      );
    }
  }
  return operations;
}

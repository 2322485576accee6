import type { Pod } from "../../api/pod.ts";
import {
  containersOfPair,
  isHotUpgrade,
  isHotUpgradeInit,
} from "../../core/annotations/hot_upgrade.ts";
import { podPatches } from "../../core/annotations/pod_patches.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";

/** The injected SidecarSets by container name. */
export function ownersOf(
  injected: ReadonlySet<string>,
  sidecarSets: readonly PreparedSidecarSet[],
): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const prepared of sidecarSets) {
    if (!injected.has(prepared.name)) continue;
    const { initContainers, containers } = namesInPod(prepared);
    for (const each of [...initContainers, ...containers]) owners.set(each, prepared.name);
  }
  return owners;
}

/** The paths of a Pod's fields that come from a SidecarSet: `spec.containers[agent]`. */
export function injectedFields(pod: Pod, prepared: PreparedSidecarSet): string[] {
  const { spec } = prepared.sidecarSet;
  const { annotations = {} } = pod.metadata;
  const names = namesInPod(prepared);
  const nameOf = ({ name = "" }: { name?: string | undefined }) => name;
  const added = (spec.patchPodMetadata ?? []).flatMap((each) =>
    Object.keys(each.annotations ?? {})
  );
  return [
    ...present("spec.initContainers", names.initContainers, pod.spec.initContainers?.map(nameOf)),
    ...present("spec.containers", names.containers, pod.spec.containers.map(nameOf)),
    ...present("spec.volumes", spec.volumes?.map(nameOf), pod.spec.volumes?.map(nameOf)),
    ...present(
      "spec.imagePullSecrets",
      spec.imagePullSecrets?.map(nameOf),
      pod.spec.imagePullSecrets?.map(nameOf),
    ),
    ...present("metadata.annotations", added, Object.keys(annotations)),
    ...patchedFields(pod, prepared.name),
  ];
}

function patchedFields(pod: Pod, sidecarSet: string): string[] {
  const { labels = {}, containers = {} } = podPatches(pod).get(sidecarSet) ?? {};
  const inits = new Set(pod.spec.initContainers?.map(({ name }) => name));
  return [
    ...Object.keys(labels).map((key) => `metadata.labels[${key}]`),
    ...Object.entries(containers).flatMap(
      ([name, { env = {}, envFrom = [], volumeMounts = [] }]) => {
        const path = `spec.${inits.has(name) ? "initContainers" : "containers"}[${name}]`;
        return [
          ...Object.keys(env).map((variable) => `${path}.env[${variable}]`),
          ...(envFrom.length === 0 ? [] : [`${path}.envFrom`]),
          ...volumeMounts.map((mountPath) => `${path}.volumeMounts[${mountPath}]`),
        ];
      },
    ),
  ];
}

function present(
  field: string,
  names: readonly string[] = [],
  inPod: readonly string[] = [],
): string[] {
  return [...new Set(names)].filter((name) => inPod.includes(name))
    .map((name) => `${field}[${name}]`);
}

/** The names of a SidecarSet's containers in a Pod; a hot-upgrade container has two. */
function namesInPod(
  { sidecarSet: { spec: { initContainers = [], containers = [] } } }: PreparedSidecarSet,
) {
  const names = ({ name }: { name: string }, isPair: boolean) =>
    isPair ? containersOfPair(name) : [name];
  return {
    initContainers: initContainers.flatMap((each) => names(each, isHotUpgradeInit(each))),
    containers: containers.flatMap((each) => names(each, isHotUpgrade(each))),
  };
}

import { isDeepStrictEqual } from "node:util";
import type { Container, EnvVar } from "../../api/container.ts";
import type { Labels } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import {
  type ContainerRecord,
  podPatches,
  type PodPatchRecord,
  type VariableRecord,
} from "../annotations/pod_patches.ts";
import type { ObservedPod } from "../observed_pod.ts";

/**
 * The Pod with its own parts as they were before SidecarSets patched them.
 *
 * @param isUndone whether to undo the patches of a SidecarSet; all of them when absent
 * @returns the same reference if nothing is recorded
 */
export function unpatched(pod: Pod, isUndone: (sidecarSet: string) => boolean = () => true): Pod {
  const records = podPatches(pod);
  if (records.size === 0) return pod;
  const undone = [...records].filter(([name]) => isUndone(name)).map(([, each]) => each);
  if (undone.length === 0) return pod;
  const { metadata, spec } = pod;
  const labels = unpatchedLabels(pod, isUndone);
  const restore = (container: Container) => unpatchedContainer(container, undone);
  const containers = spec.containers.map(restore);
  const initContainers = spec.initContainers?.map(restore);
  const used = new Set([...containers, ...initContainers ?? []].flatMap(volumesUsedBy));
  const added = new Set(undone.flatMap(({ volumes = [] }) => volumes));
  return {
    ...pod,
    metadata: labels === undefined ? metadata : { ...metadata, labels },
    spec: {
      ...spec,
      containers,
      ...(initContainers === undefined ? {} : { initContainers }),
      ...(spec.volumes === undefined || added.size === 0
        ? {}
        : { volumes: spec.volumes.filter(({ name }) => used.has(name) || !added.has(name)) }),
    },
  };
}

/** Names of the volumes that a container mounts, or uses as a device. */
export function volumesUsedBy({ volumeMounts = [], volumeDevices = [] }: Container): string[] {
  return [...volumeMounts, ...volumeDevices].map(({ name }) => name);
}

/**
 * The Pod's labels as they were before SidecarSets patched them.
 *
 * @param isUndone whether to undo the patches of a SidecarSet; all of them when absent
 * @returns the same reference if nothing is recorded; undefined if the Pod has no labels
 */
export function unpatchedLabels(
  pod: ObservedPod,
  isUndone: (sidecarSet: string) => boolean = () => true,
): Labels | undefined {
  const { labels } = pod.metadata;
  const undone = [...podPatches(pod)].filter(([name]) => isUndone(name)).map(([, each]) => each);
  const before = new Map(undone.flatMap(({ labels = {} }) => Object.entries(labels)));
  if (before.size === 0) return labels;
  const all = new Map<string, string | null>([...Object.entries(labels ?? {}), ...before]);
  return Object.fromEntries(
    [...all].filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function unpatchedContainer(container: Container, undone: readonly PodPatchRecord[]): Container {
  if (isMarkedInjected(container)) return container;
  return undone.reduce((current, { containers = {} }) => {
    const record = Object.hasOwn(containers, container.name)
      ? containers[container.name]
      : undefined;
    return record === undefined ? current : withoutPatch(current, record);
  }, container);
}

/** Members that become empty are left out, as the API server does. */
function withoutPatch(
  container: Container,
  { env = {}, envFrom = [], volumeMounts = [] }: ContainerRecord,
): Container {
  const { env: variables, envFrom: sources, volumeMounts: mounts, ...rest } = container;
  const restored = variables?.flatMap((variable) =>
    Object.hasOwn(env, variable.name) ? restoredVariable(variable, env[variable.name]) : [variable]
  );
  const ownSources = Array.isArray(sources)
    ? sources.filter((source) => !envFrom.some((added) => isDeepStrictEqual(added, source)))
    : sources;
  const ownMounts = mounts?.filter(({ mountPath }) => !volumeMounts.includes(mountPath));
  return {
    ...rest,
    ...(restored === undefined || restored.length === 0 ? {} : { env: restored }),
    ...(ownSources === undefined || (Array.isArray(ownSources) && ownSources.length === 0)
      ? {}
      : { envFrom: ownSources }),
    ...(ownMounts === undefined || ownMounts.length === 0 ? {} : { volumeMounts: ownMounts }),
  };
}

function restoredVariable(variable: EnvVar, record: VariableRecord | undefined): EnvVar[] {
  if (record === null) return [];
  if (record === undefined) return [variable];
  if ("replaced" in record) return [{ ...record.replaced, name: variable.name }];
  const value = record.appended.reduceRight(withoutText, variable.value ?? "");
  return [{ ...variable, value }];
}

/** The text without the last occurrence of another one. */
function withoutText(text: string, removed: string): string {
  const at = text.lastIndexOf(removed);
  return at < 0 ? text : text.slice(0, at) + text.slice(at + removed.length);
}

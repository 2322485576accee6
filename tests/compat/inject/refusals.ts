import type { Container } from "../../../lib/api/container.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { Pod, PodSpec } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../../lib/api/names.ts";
import { isMarkedInjected } from "../../../lib/core/annotations/injected_list.ts";
import { selectsPod } from "../../../lib/core/select/pod_selection.ts";
import { type InjectCase, sidecarsOf } from "./inject_case.ts";

/** What the API server refuses; judged by the specs and OpenKruise's result alone. */
export type Refusal =
  | "image"
  | "name of another SidecarSet"
  | "name in the other list"
  | "place"
  | "field";

/** Why the API server would refuse the Pod with the sidecars in it; empty where a revision takes the specs' place. */
export function refusalsOf(testCase: InjectCase): ReadonlySet<Refusal> {
  const refusals = new Set<Refusal>();
  if (!("pod" in testCase.result)) return refusals;
  const sets = injectedSets(testCase);
  if (sets.some(({ spec }) => spec.injectionStrategy?.revision !== undefined)) return refusals;
  if (sets.some(lacksImage)) refusals.add("image");
  if (hasSharedNames(sets)) refusals.add("name of another SidecarSet");
  if (hasNamesOfOtherList(sets, testCase)) refusals.add("name in the other list");
  if (lacksVolume(sets, testCase) || clashingPorts(sets, testCase)) refusals.add("place");
  if (hasRefusedField(testCase.result.pod) || lacksClaim(sets, testCase)) refusals.add("field");
  return refusals;
}

function injectedSets({ sidecarSets, pod, namespaceLabels }: InjectCase): SidecarSet[] {
  const name = pod.metadata.namespace ?? "default";
  const namespace = { name, labels: namespaceLabels?.[name] ?? {} };
  const labels = pod.metadata.labels ?? {};
  const matched = sidecarSets.filter(({ spec }) =>
    selectsPod(spec, { labels, namespace }) && spec.injectionStrategy?.paused !== true
  );
  const bases = matched.flatMap(({ metadata: { annotations } }) =>
    annotations?.[CANARY_ANNOTATION] === "true" ? annotations[CANARY_BASE_ANNOTATION] ?? [] : []
  );
  return matched.filter(({ metadata }) => !bases.includes(metadata.name ?? ""));
}

function isPair({ list, sidecar }: ReturnType<typeof sidecarsOf>[number]): boolean {
  return sidecar.upgradeStrategy?.upgradeType === "HotUpgrade" &&
    (list === "containers" || sidecar.restartPolicy === "Always");
}

function namesOf(each: ReturnType<typeof sidecarsOf>[number]): string[] {
  const { name } = each.sidecar;
  return isPair(each) ? [`${name}-1`, `${name}-2`] : [name];
}

function hasSharedNames(sets: readonly SidecarSet[]): boolean {
  const names = sets.flatMap(sidecarsOf).flatMap(namesOf);
  return new Set(names).size < names.length;
}

function hasNamesOfOtherList(sets: readonly SidecarSet[], { pod }: InjectCase): boolean {
  const others = {
    containers: new Set(pod.spec.initContainers?.map(({ name }) => name)),
    initContainers: new Set(pod.spec.containers.map(({ name }) => name)),
  };
  return sets.flatMap(sidecarsOf).some((each) =>
    namesOf(each).some((name) => others[each.list].has(name))
  );
}

function lacksImage(sidecarSet: SidecarSet): boolean {
  return sidecarsOf(sidecarSet).some((each) =>
    !each.sidecar.image || (isPair(each) && !each.sidecar.upgradeStrategy?.hotUpgradeEmptyImage)
  );
}

function lacksVolume(sets: readonly SidecarSet[], { pod }: InjectCase): boolean {
  const there = new Set(
    [...pod.spec.volumes ?? [], ...sets.flatMap(({ spec }) => spec.volumes ?? [])].map((volume) =>
      volume.name
    ),
  );
  return sets.flatMap(sidecarsOf).some(({ sidecar }) => {
    const paths = [
      ...(sidecar.volumeMounts ?? []).map(({ mountPath }) => mountPath),
      ...(sidecar.volumeDevices ?? []).map(({ devicePath }) => devicePath),
    ];
    const volumes = [...(sidecar.volumeMounts ?? []), ...(sidecar.volumeDevices ?? [])];
    return new Set(paths).size < paths.length || volumes.some(({ name }) => !there.has(name));
  });
}

function clashingPorts(sets: readonly SidecarSet[], { pod }: InjectCase): boolean {
  const replaced = new Set(sets.flatMap(sidecarsOf).map(({ sidecar }) => sidecar.name));
  const containers = [
    ...pod.spec.containers.filter(({ name }) => !replaced.has(name)),
    ...sets.flatMap(sidecarsOf).filter(({ list }) => list === "containers").flatMap((each) =>
      isPair(each) ? [each.sidecar, each.sidecar] : [each.sidecar]
    ),
  ];
  const ports = containers.flatMap(({ ports }) => Array.isArray(ports) ? ports : []).filter((
    { hostPort },
  ) => hostPort > 0).map(({ protocol = "TCP", hostIP = "", hostPort }) =>
    `${protocol} ${hostIP}:${hostPort}`
  );
  return new Set(ports).size < ports.length;
}

/**
 * Whether an injected container has what the API server refuses in such a Pod, and no container of the Pod itself has
 * it too.
 */
function hasRefusedField({ spec }: Pod): boolean {
  const containers = [...spec.initContainers ?? [], ...spec.containers];
  return [usesVolumeTwice, propagatesBothWays, mapsPorts, sleepsLong].some((
    isRefused,
  ) =>
    containers.some((each) => isMarkedInjected(each) && isRefused(each, spec)) &&
    !containers.some((each) => !isMarkedInjected(each) && isRefused(each, spec))
  );
}

function usesVolumeTwice({ volumeMounts = [], volumeDevices = [] }: Container): boolean {
  const mounted = new Set(volumeMounts.map(({ name }) => name));
  const devices = volumeDevices.map(({ name }) => name);
  return new Set(devices).size < devices.length || devices.some((name) => mounted.has(name));
}

function propagatesBothWays({ volumeMounts = [], securityContext }: Container): boolean {
  const isPrivileged = isObject(securityContext) && securityContext.privileged === true;
  return !isPrivileged &&
    volumeMounts.some(({ mountPropagation }) => mountPropagation === "Bidirectional");
}

function mapsPorts({ ports }: Container, { hostNetwork }: PodSpec): boolean {
  return hostNetwork === true && Array.isArray(ports) &&
    ports.some(({ hostPort, containerPort }) => hostPort && hostPort !== containerPort);
}

function sleepsLong({ lifecycle }: Container, spec: PodSpec): boolean {
  const grace = Number(spec.terminationGracePeriodSeconds ?? 30);
  const hooks = isObject(lifecycle) ? [lifecycle.postStart, lifecycle.preStop] : [];
  return hooks.some((hook) =>
    isObject(hook) && isObject(hook.sleep) && Number(hook.sleep.seconds) > grace
  );
}

/** OpenKruise may drop the claims of what it computes resources for, so the specs are judged. */
function lacksClaim(sets: readonly SidecarSet[], { pod }: InjectCase): boolean {
  const { resourceClaims } = pod.spec;
  const known = Array.isArray(resourceClaims) ? resourceClaims.map(({ name }) => name) : [];
  return sets.flatMap(sidecarsOf).some(({ sidecar: { resources } }) =>
    Array.isArray(resources?.claims) &&
    resources.claims.some(({ name }) => !known.includes(name))
  );
}

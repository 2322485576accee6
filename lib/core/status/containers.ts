import { isObject } from "../../api/json.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { ObservedContainer, ObservedPod, ObservedState } from "../observed_pod.ts";
import { containersOfPair, isHotUpgrade } from "../annotations/hot_upgrade.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { endsWithMain, runsToCompletion } from "../annotations/terminate_marks.ts";

/** Whether an init container is a native sidecar, which runs as long as the main containers. */
export function isNativeSidecar(container: ObservedContainer): boolean {
  return container.restartPolicy === "Always";
}

/** Sidecars whose image can change in running Pods: containers and native sidecars. */
export function runningSidecars(sidecarSet: SidecarSet): SidecarContainer[] {
  const { containers = [], initContainers = [] } = sidecarSet.spec;
  return [...containers, ...initContainers.filter(isNativeSidecar)];
}

/** Container names of a sidecar in a Pod: its own, or those of its hot-upgrade pair. */
export function containerNames(sidecar: SidecarContainer): readonly string[] {
  return isHotUpgrade(sidecar) ? containersOfPair(sidecar.name) : [sidecar.name];
}

/** Container names of all the SidecarSet's running sidecars in a Pod. */
export function sidecarContainerNames(sidecarSet: SidecarSet): Set<string> {
  return new Set(runningSidecars(sidecarSet).flatMap(containerNames));
}

/** The Pod's container of this name; containers are searched before init containers. */
export function findContainer(pod: ObservedPod, name: string): ObservedContainer | undefined {
  const named = (container: ObservedContainer) => container.name === name;
  return pod.spec.containers.find(named) ?? pod.spec.initContainers?.find(named);
}

/** The Pod's containers that keep running, native sidecars included. */
export function runningContainers(pod: ObservedPod): readonly ObservedContainer[] {
  const natives = pod.spec.initContainers?.filter(isNativeSidecar) ?? [];
  return natives.length === 0 ? pod.spec.containers : [...pod.spec.containers, ...natives];
}

/** The phase that follows from a Pod's main containers. */
export type MainResult = "Succeeded" | "Failed";

/** A container and its state; undefined before the kubelet reports one. */
interface ContainerInState {
  readonly container: ObservedContainer;
  readonly state: ObservedState | undefined;
}

/**
 * Whether a Pod runs to completion and all its containers but the sidecars have terminated. A new image would delay
 * its completion; Tekton, for example, ends sidecars with an image that exits immediately.
 */
export function hasMainEnded(pod: ObservedPod): boolean {
  const { restartPolicy = "Always", containers } = pod.spec;
  if (!runsToCompletion(restartPolicy)) return false;
  const statuses = pod.status?.containerStatuses ?? [];
  const main = containers.filter((container) => !isSidecar(container));
  return main.length > 0 && main.every((container) => {
    const state = statuses.find(({ name }) => name === container.name)?.state;
    return hasEnded({ container, state }, restartPolicy);
  });
}

function isSidecar(container: ObservedContainer): boolean {
  return isMarkedInjected(container) || endsWithMain(container);
}

/** Whether the container has terminated and the kubelet will not restart it. */
export function hasEnded({ container, state }: ContainerInState, podPolicy: string): boolean {
  if (state?.terminated === undefined) return false;
  const { exitCode } = state.terminated;
  const policy = container.restartPolicy ?? podPolicy;
  if (policy === "Always" || isRestartedByRule(container, exitCode)) return false;
  return policy === "Never" || exitCode === 0;
}

/** Common result of terminated containers. */
export function resultOf(ended: readonly ContainerInState[]): MainResult {
  return ended.every(({ state }) => state?.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
}

/** `restartPolicyRules` (Kubernetes 1.34): the first rule that matches the exit code decides. */
function isRestartedByRule({ restartPolicyRules }: ObservedContainer, exitCode: number): boolean {
  if (!Array.isArray(restartPolicyRules)) return false;
  return restartPolicyRules.some((rule: unknown) => {
    if (!isObject(rule) || !isObject(rule.exitCodes)) return false;
    const { operator, values } = rule.exitCodes;
    const isListed = Array.isArray(values) && values.includes(exitCode);
    return operator === "NotIn" ? !isListed : isListed;
  });
}

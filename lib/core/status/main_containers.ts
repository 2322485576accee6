import type { Container } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import type { ContainerState, Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { endsWithMain, runsToCompletion } from "../annotations/terminate_marks.ts";

/** The phase that follows from a Pod's main containers. */
export type MainResult = "Succeeded" | "Failed";

export interface ContainerInState {
  readonly container: Container;
  readonly state: ContainerState | undefined;
}

/**
 * Whether a Pod runs to completion and all its containers but the sidecars have terminated. A new image would delay
 * its completion; Tekton, for example, ends sidecars with an image that exits immediately.
 */
export function hasMainEnded(pod: Pod): boolean {
  const { restartPolicy = "Always", containers } = pod.spec;
  if (!runsToCompletion(restartPolicy)) return false;
  const statuses = pod.status?.containerStatuses ?? [];
  const main = containers.filter((container) => !isSidecar(container));
  return main.length > 0 && main.every((container) => {
    const state = statuses.find(({ name }) => name === container.name)?.state;
    return hasEnded({ container, state }, restartPolicy);
  });
}

function isSidecar(container: Container): boolean {
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
function isRestartedByRule({ restartPolicyRules }: Container, exitCode: number): boolean {
  if (!Array.isArray(restartPolicyRules)) return false;
  return restartPolicyRules.some((rule: unknown) => {
    if (!isObject(rule) || !isObject(rule.exitCodes)) return false;
    const { operator, values } = rule.exitCodes;
    const isListed = Array.isArray(values) && values.includes(exitCode);
    return operator === "NotIn" ? !isListed : isListed;
  });
}

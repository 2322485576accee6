import type { Container } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import type { ContainerState } from "../../api/pod.ts";

/** The phase that a Pod's main containers come to. */
export type MainResult = "Succeeded" | "Failed";

export interface ContainerInState {
  readonly container: Container;
  readonly state: ContainerState | undefined;
}

/** Whether the kubelet will not start the container again: it has ended, and no restart policy or rule wants it back. */
export function hasEnded({ container, state }: ContainerInState, podPolicy: string): boolean {
  if (state?.terminated === undefined) return false;
  const { exitCode } = state.terminated;
  const policy = container.restartPolicy ?? podPolicy;
  if (policy === "Always" || isRestartedByRule(container, exitCode)) return false;
  return policy === "Never" || exitCode === 0;
}

/** How containers that have ended come out together. */
export function resultOf(ended: readonly ContainerInState[]): MainResult {
  return ended.every(({ state }) => state?.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
}

/** `restartPolicyRules` (Kubernetes 1.34): the first rule that takes the exit code decides. */
function isRestartedByRule({ restartPolicyRules }: Container, exitCode: number): boolean {
  if (!Array.isArray(restartPolicyRules)) return false;
  return restartPolicyRules.some((rule: unknown) => {
    if (!isObject(rule) || !isObject(rule.exitCodes)) return false;
    const { operator, values } = rule.exitCodes;
    const isListed = Array.isArray(values) && values.includes(exitCode);
    return operator === "NotIn" ? !isListed : isListed;
  });
}

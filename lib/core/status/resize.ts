import type { ObservedContainer, ObservedPod } from "../observed_pod.ts";
import type { ResourceLists } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import { POD_RESIZE_IN_PROGRESS_CONDITION, POD_RESIZE_PENDING_CONDITION } from "../../api/names.ts";
import { readResizes } from "../annotations/resized.ts";
import { AMOUNT_LISTS, hasAmounts } from "../quantity/resource_lists.ts";
import { containerStatus } from "./consistency.ts";
import { findContainer } from "./containers.ts";

/** A resize in place that the kubelet has not applied. */
export interface PendingResize {
  /**
   * `InProgress` until the kubelet reports the new resources; `Deferred` while the node has no room; `Infeasible` if
   * the node can never apply it.
   */
  readonly kind: "InProgress" | "Deferred" | "Infeasible";
  readonly container: string;
  /** Of the kubelet; empty if it has not reported anything yet. */
  readonly message: string;
  /** Whether a container is restarted for it. */
  readonly restarts: boolean;
}

/** New resources by container. */
interface GivenResources {
  readonly byContainer: ReadonlyMap<string, ResourceLists>;
  /** Generation of the Pod with these resources. */
  readonly generation?: number;
}

/** The recorded resize of a Pod by one SidecarSet, if the kubelet has not applied it. */
export function recordedResize(pod: ObservedPod, sidecarSet: string): PendingResize | undefined {
  const record = readResizes(pod).get(sidecarSet);
  return record === undefined ? undefined : pendingResize(pod, record);
}

/**
 * Whether the kubelet still has to apply these resources, which are in the Pod's spec. A container whose spec has
 * other ones was resized by another client and is not waited for, nor one whose kubelet reports no resources.
 *
 * @returns undefined if there is nothing to wait for
 */
export function pendingResize(pod: ObservedPod, given: GivenResources): PendingResize | undefined {
  const pending = [...given.byContainer].filter(([name, lists]) => {
    const reported = containerStatus(pod, name)?.resources;
    return reported !== undefined && !hasAmounts(reported, lists) &&
      hasAmounts(findContainer(pod, name)?.resources, lists);
  });
  const [first] = pending;
  if (first === undefined) return undefined;
  const [container] = first;
  const restarts = pending.some(([name, lists]) => isRestarted(findContainer(pod, name), lists));
  return { ...kubeletState(pod, given.generation), container, restarts };
}

/** By the kubelet's condition, unless it is about an older state of the Pod. */
function kubeletState(
  pod: ObservedPod,
  generation = 0,
): Pick<PendingResize, "kind" | "message"> {
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    type === POD_RESIZE_PENDING_CONDITION && status === "True"
  );
  const { reason, message = "", observedGeneration = generation } = condition ?? {};
  const isCurrent = observedGeneration >= generation;
  return isCurrent && (reason === "Deferred" || reason === "Infeasible")
    ? { kind: reason, message }
    : { kind: "InProgress", message: progressMessage(pod) };
}

/** Set if the kubelet has tried and failed, for example to lower the memory limit below what is in use. */
function progressMessage(pod: ObservedPod): string {
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    type === POD_RESIZE_IN_PROGRESS_CONDITION && status === "True"
  );
  return condition?.message ?? "";
}

/** Whether the kubelet restarts the container for a change of these resources. */
function isRestarted(container: ObservedContainer | undefined, lists: ResourceLists): boolean {
  const policies = Array.isArray(container?.resizePolicy) ? container.resizePolicy : [];
  return policies.some((policy: unknown) =>
    isObject(policy) && policy.restartPolicy === "RestartContainer" &&
    AMOUNT_LISTS.some((list) => Object.hasOwn(lists[list] ?? {}, String(policy.resourceName)))
  );
}

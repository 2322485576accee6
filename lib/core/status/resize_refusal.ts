import type { ObservedContainer, ObservedPod } from "../observed_pod.ts";
import type { ResourceLists } from "../../api/container.ts";
import { isMirrorPod } from "../../api/pod.ts";
import { quantityOf } from "../quantity/arithmetic.ts";
import { hasAmounts, type Resources } from "../quantity/resource_lists.ts";

/**
 * Why the API server refuses to resize a Pod's containers, as far as the Pod shows it.
 *
 * @returns one clause; undefined if it accepts the resize
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidatePodResize`
 */
export function resizeRefusal(
  pod: ObservedPod,
  resizes: ReadonlyMap<string, ResourceLists>,
): string | undefined {
  const resized = resizedSpec(pod.spec, resizes);
  if (resized === pod.spec) return undefined;
  if (isMirrorPod(pod)) return "resources differ, and a static Pod cannot be resized";
  if (pod.spec.os?.name === "windows") {
    return "resources differ, and a Pod on Windows cannot be resized";
  }
  const [before, after] = [qosClass(pod.spec), qosClass(resized)];
  if (before !== after) {
    return `the new resources would change the Pod's QoS class from ${before} to ${after}, ` +
      "which the API server refuses";
  }
  const running = pod.status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  return running !== undefined && running.resources === undefined
    ? "resources differ, and the Pod's node does not support a resize in place"
    : undefined;
}

/** The spec after a resize; the same reference if it has these resources already. */
export function resizedSpec(
  spec: ObservedPod["spec"],
  resizes: ReadonlyMap<string, ResourceLists>,
): ObservedPod["spec"] {
  let isChanged = false;
  const resized = (container: ObservedContainer): ObservedContainer => {
    const lists = resizes.get(container.name);
    if (lists === undefined || hasAmounts(container.resources, lists)) return container;
    isChanged = true;
    const { requests, limits } = container.resources ?? {};
    return {
      ...container,
      resources: {
        ...container.resources,
        requests: { ...requests, ...lists.requests },
        limits: { ...limits, ...lists.limits },
      },
    };
  };
  const containers = spec.containers.map(resized);
  const initContainers = spec.initContainers?.map(resized);
  if (!isChanged) return spec;
  return { ...spec, containers, ...(initContainers ? { initContainers } : {}) };
}

type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/**
 * The QoS class of a Pod: by the Pod's own resources if it has some, else by those of all containers.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/v1/helper/qos/qos.go:ComputePodQOS`
 */
export function qosClass(
  { containers, initContainers = [], resources }: ObservedPod["spec"],
): QosClass {
  if (resources !== undefined) return classOf(resources);
  const classes = new Set(
    [...containers, ...initContainers].map((container) => classOf(container.resources)),
  );
  const [first = "BestEffort"] = classes;
  return classes.size > 1 ? "Burstable" : first;
}

const COMPUTE = ["cpu", "memory"] as const;

function classOf(resources: Resources | undefined): QosClass {
  const amount = (list: "requests" | "limits", name: string) => {
    const nanos = quantityOf(resources?.[list]?.[name])?.nanos ?? 0n;
    return nanos > 0n ? nanos : undefined;
  };
  const amounts = COMPUTE.map((name) => [amount("requests", name), amount("limits", name)]);
  if (amounts.flat().every((nanos) => nanos === undefined)) return "BestEffort";
  const isGuaranteed = amounts.every(([request, limit]) =>
    limit !== undefined && (request === undefined || request === limit)
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}
